"""How actions leave: confirmations, outbox and audit, and one file for each upstream's own client."""
