"""Prometheus as a polled source: a list of questions, each asked for what happened since it was asked last."""

from adapters.sources.prometheus.queries import Query, read_queries
from adapters.sources.prometheus.server import PrometheusServer

__all__ = ["PrometheusServer", "Query", "read_queries"]
