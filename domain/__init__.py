"""The ground floor: what things are and what they mean.

Frozen types, ports, errors and pure rules. Nothing here touches a disk, a socket, a clock or the environment;
a function that needs the time takes `now`. Everything else imports this room, and this room imports nobody.
"""
