"""The wire tests' common world: a production org with an additional production org, a sandbox and a sub-org, meters of several scalars, a second tenant."""
ACME = {
    "orgs": [
        {"id": "acme", "kind": "production", "name": "Acme", "ids": {"informatica": "4wMFqGlxAKVlIFTixlTSOY"}},
        {"id": "acme-us", "kind": "additional-production", "name": "Acme US", "parent": "acme", "billing_anchor_day": 20},
        {"id": "acme-test", "kind": "sandbox", "name": "Acme Test", "parent": "acme"},
        {"id": "acme-eu", "kind": "sub-org", "name": "Acme EU", "parent": "acme"},
        {"id": "other", "kind": "production", "name": "Other"},
    ],
    "meters": [
        {"id": "a2nB20h1o0lc7k3P9xtWS8", "name": "Data Integration", "unit": "hours", "scalar": "HOURS", "category": "COMPUTE_UNITS",
         "rates": [{"ipu_per_unit": "0.16"}]},
        {"id": "cPnPIT3XYAziLqIoXtd0KC", "name": "Data Quality", "unit": "rows", "scalar": "MILLION_ROWS", "category": "ROWS_PROCESSED",
         "rates": [{"ipu_per_unit": "1.5"}]},
        {"id": "lCwc4CfL7EEhv9773egFC8", "name": "Mass Ingestion Files", "unit": "GB", "scalar": "GB", "category": "DATA_VOLUME",
         "rates": [{"ipu_per_unit": "0.3"}]},
    ],
    "users": [
        {"name": "ana@acme.example", "password": "change-me-now", "org": "acme", "roles": ["exporter"]},
        {"name": "otto@other.example", "password": "change-me-too", "org": "other", "roles": ["exporter"]},
    ],
}
