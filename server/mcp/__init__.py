"""The face to assistants: tools, resources, prompts and completions over MCP, on stdio and Streamable HTTP."""
