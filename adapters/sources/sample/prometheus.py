"""Records as answers to range queries of Prometheus.

Shape: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
"""

from typing import Any

from adapters.sources.sample.people import COMPANY
from adapters.sources.sample.records import Measured

Json = dict[str, Any]


def delivery(record: Measured) -> Json:
    """The answer that a poll got: a matrix, times in seconds since 1970, values as text."""
    result = [
        {
            "metric": {
                "__name__": record.metric,
                "service": service,
                "environment": "production",
                "cluster": COMPANY.lower(),
            },
            "values": [[int(moment.timestamp()), str(value)] for moment, value in samples],
        }
        for service, samples in record.series
    ]
    body = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    return {"source": "prometheus", "headers": {}, "body": body}
