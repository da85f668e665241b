"""The AWS Lambda entry points: name `engintel.lambdas.webhooks` (or `.github`, `.jira`, …) as a function's handler."""

from server.lambdas import Receiver, handlers

_HANDLERS = handlers(Receiver())

webhooks = _HANDLERS["webhooks"]
github = _HANDLERS["github"]
jira = _HANDLERS["jira"]
notion = _HANDLERS["notion"]
slack = _HANDLERS["slack"]
alertmanager = _HANDLERS["alertmanager"]
