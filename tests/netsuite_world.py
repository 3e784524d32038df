"""The accounts, subscriptions and lines of the NetSuite tests, and the usages that succeed and fail on them.

What a usage must come to is written here by hand from the contract (netsuite.md sections 3 and 5, C6 to C19), one line a
rule. It is the tests' oracle: nothing here asks the server.
"""
from netsuite_client import TENANT_PASSWORD, compact

HOURS, VOLUME = "a2nB20h1o0lc7k3P9xtWS8", "lCwc4CfL7EEhv9773egFC8"
EMS, TEST_SUB, TWIN = "Ems SP 001 - 1/1/2018", "Test Sub 001 - 1/1/2018", "Twin"
INGESTER = {"name": "ida@acme.example", "email": "ida@acme.example", "password": "password of ida", "org": "acme", "roles": ["ingester"]}


def line(number, id_, org, meter=HOURS, **fields):
    return {"number": number, "id": id_, "item": f"Item {number}", "org": org, "meter": meter, **fields}


CATALOGUE = {
    "orgs": [
        {"id": "acme", "kind": "production", "name": "Acme", "ids": {"informatica": "4wMFqGlxAKVlIFTixlTSOY", "netsuite_account": "1234567_SB1"}},
        {"id": "acme-eu", "kind": "sub-org", "name": "Acme EU", "parent": "acme"},
        {"id": "acme-us", "kind": "additional-production", "name": "Acme US", "parent": "acme"},
        {"id": "acme-test", "kind": "sandbox", "name": "Acme Test", "parent": "acme"},
        {"id": "other", "kind": "production", "name": "Other", "ids": {"netsuite_account": "7654321"}, "usage_fields": ["custrecord_other_source"]},
        {"id": "dots", "kind": "production", "name": "Dots", "ids": {"netsuite_account": "5550001"}, "date_format": "D.M.YYYY"},
        {"id": "iso", "kind": "production", "name": "Iso", "ids": {"netsuite_account": "5550002"}, "date_format": "YYYY-MM-DD"},
    ],
    "meters": [
        {"id": HOURS, "name": "Data Integration", "unit": "hours", "scalar": "HOURS", "category": "COMPUTE_UNITS", "rates": [{"ipu_per_unit": "0.16"}]},
        {"id": VOLUME, "name": "Mass Ingestion Files", "unit": "GB", "scalar": "GB", "category": "DATA_VOLUME", "rates": [{"ipu_per_unit": "0.3"}]},
    ],
    "subscriptions": [
        {"id": "1", "name": EMS, "org": "acme", "customer": "Ems", "term": {"start": "2018-01-01"}, "fields": {"custrecord_sb_service_id": "1001"},
         "lines": [line(3, "301", "acme-eu", fields={"custrecord_sb_line_service_id": "1234"}),
                   line(4, "302", "acme", VOLUME),
                   line(6, "306", "acme-us", VOLUME), line(7, "307", "acme-eu", type="one-time"), line(8, "308", "acme-eu", type="recurring"),
                   line(9, "309", "acme-eu", status="terminated"), line(10, "310", "acme-eu", status="closed"), line(11, "311", "acme-eu", status="draft"),
                   line(12, "312", "acme-eu", status="suspended"), line(13, "313", "acme-eu", status="pending-activation"),
                   line(14, "314", "acme-eu", term={"start": "2018-02-01", "end": "2018-02-28"})]},
        {"id": "2", "name": TEST_SUB, "org": "acme", "fields": {"custrecord_sb_service_id": 1002},
         "lines": [line(1, "401", "acme-test"), line(2, "402", "acme-test", VOLUME, fields={"custrecord_sb_line_service_id": "3000"}),
                   line(3, "403", "acme-us", fields={"custrecord_sb_line_service_id": "3000"})]},
        {"id": "3", "name": TWIN, "org": "acme", "fields": {"custrecord_sb_service_id": "2000"}, "lines": [line(1, "501", "acme")]},
        {"id": "4", "name": TWIN, "org": "acme", "fields": {"custrecord_sb_service_id": "2000"}, "lines": [line(1, "502", "acme")]},
        {"id": "contract-x", "name": "Contract X", "org": "acme", "lines": [line(1, "601", "acme")]},
        {"id": "1", "name": EMS, "org": "other", "fields": {"custrecord_sb_service_id": "1001", "custrecord_only_other": "9001"},
         "lines": [line(3, "301", "other", VOLUME, fields={"custrecord_sb_line_service_id": "1234"}), line(5, "305", "other")]},
        {"id": "77", "name": "Only of the other", "org": "other", "fields": {"custrecord_sb_service_id": "7700"},
         "lines": [line(1, "777", "other", fields={"custrecord_sb_line_service_id": "7701"})]},
        {"id": "1", "name": "Dots", "org": "dots", "lines": [line(1, "1", "dots")]},
        {"id": "1", "name": "Iso", "org": "iso", "lines": [line(1, "1", "iso")]},
    ],
    "users": [INGESTER, *({"name": f"admin@{org}.example", "password": TENANT_PASSWORD, "org": org, "roles": ["admin"]} for org in ("other", "dots", "iso"))],
}

GOOD = {"subscriptionId": 1, "line": 3, "quantity": 5, "date": "1/3/2018"}
BY_SERVICE = {"fieldId": "custrecord_sb_service_id", "value": "1001"}
BY_LINE = {"fieldId": "custrecord_sb_line_service_id", "value": "1234"}
FORMAT = "The value for {} property has invalid format. Format must be: {}."


def usage(*without, **changes):
    """The good usage without these members, and with those changed or added."""
    return {**{k: v for k, v in GOOD.items() if k not in without}, **changes}


# Every way to address a line: (usage, org and meter it goes to).
ADDRESSED = [
    (GOOD, ("acme-eu", HOURS)),
    (usage(subscriptionId="1", line="3", quantity="5"), ("acme-eu", HOURS)),
    (usage("subscriptionId", subscription="1"), ("acme-eu", HOURS)),
    (usage("subscriptionId", subscriptionName=EMS, line=4), ("acme", VOLUME)),
    (usage("subscriptionId", sbLookup=BY_SERVICE, line=6), ("acme-us", VOLUME)),
    (usage("subscriptionId", sbLookup={**BY_SERVICE, "value": 1001}), ("acme-eu", HOURS)),
    (usage("subscriptionId", sbLookup={**BY_SERVICE, "value": "1002"}, line=1), ("acme-test", HOURS)),
    (usage("subscriptionId", sbLookup={"fieldId": "internalid", "value": 2}, line=2), ("acme-test", VOLUME)),
    (usage("subscriptionId", sbLookup={"fieldId": "name", "value": TEST_SUB}, line=3), ("acme-us", HOURS)),
    (usage("subscriptionId", sbLookup={"fieldId": "customer", "value": "Ems"}), ("acme-eu", HOURS)),
    (usage("subscriptionId", "line", sbLineLookup=BY_LINE), ("acme-eu", HOURS)),
    (usage("subscriptionId", "line", sbLineLookup={"fieldId": "internalid", "value": "302"}), ("acme", VOLUME)),
    (usage("subscriptionId", sbLineLookup=BY_LINE), ("acme-eu", HOURS)),
    (usage("line", sbLineLookup=BY_LINE), ("acme-eu", HOURS)),
    (usage(subscriptionName=EMS, sbLookup=BY_SERVICE, sbLineLookup=BY_LINE), ("acme-eu", HOURS)),
    (usage(subscriptionName=None, memo=None, line=12), ("acme-eu", HOURS)),
]


def _empty():
    for name in ("subscriptionId", "subscription", "subscriptionName", "sbLookup", "line", "sbLineLookup", "quantity", "date", "customFields"):
        yield compact(usage(**{name: ""})), "EMPTY_REQUEST_PROPERTY", f"The {name} property is empty."


def _formats():
    for element in ('"text"', "7", "[]", "true", "null"):
        yield element, "INVALID_PROPERTY_FORMAT", None
    yield "{}", "EMPTY_REQUEST_OBJECT", "The usage object is empty."
    for date in ("2/30/2018", "2/29/2018", "13/1/2018", "1/0/2018", "2018-01-03", "1/3/18", "tomorrow", "1/3/2018 10:00", 20180103, True):
        yield compact(usage(date=date)), "INVALID_PROPERTY_FORMAT", FORMAT.format("date", "M/D/YYYY")
    no_numbers = {"quantity": ("abc", "1,5", "0x10", "NaN", True, [], {}), "line": ("abc", 1.5, True, [], {}), "subscriptionId": ("abc", 1.5, True, [])}
    for name, values in no_numbers.items():
        for value in values:
            yield compact(usage(**{name: value})), "INVALID_PROPERTY_FORMAT", FORMAT.format(name, "number")
    yield compact(usage("subscriptionId", subscription="one")), "INVALID_PROPERTY_FORMAT", FORMAT.format("subscription", "number")
    for name in ("sbLookup", "sbLineLookup"):
        for value in (7, "1001", []):
            yield compact(usage(**{name: value})), "INVALID_PROPERTY_FORMAT", FORMAT.format(name, "object")
    for value in (7, "data", {"fieldId": "custrecord_usage_source", "value": "data"}):
        yield compact(usage(customFields=value)), "INVALID_PROPERTY_FORMAT", FORMAT.format("customFields", "array")
    yield compact(usage(customFields=["data"])), "INVALID_PROPERTY_FORMAT", None


def _members():
    for name in ("sbLookup", "sbLineLookup"):
        field = BY_SERVICE["fieldId"] if name == "sbLookup" else BY_LINE["fieldId"]
        yield compact(usage(**{name: {"value": "1"}})), "MISSING_REQUEST_PROPERTY", f"The fieldId property is missing in {name} object."
        yield compact(usage(**{name: {"fieldId": field}})), "MISSING_REQUEST_PROPERTY", f"The value property is missing in {name} object."
        yield compact(usage(**{name: {"fieldId": field, "value": None}})), "MISSING_REQUEST_PROPERTY", f"The value property is missing in {name} object."
        yield compact(usage(**{name: {"fieldId": "custrecord_nope", "value": "1"}})), "FIELD_DOES_NOT_EXIST", "The field custrecord_nope doesn't exist."
    yield compact(usage(customFields=[{"value": "data"}])), "MISSING_REQUEST_PROPERTY", "The fieldId property is missing in customFields object."
    yield (compact(usage(customFields=[{"fieldId": "custrecord_usage_unit", "value": "MB"}, {"fieldId": "custrecord_usage_source"}])),
           "MISSING_REQUEST_PROPERTY", "The value property is missing in customFields object.")
    yield compact(usage(customFields=[{"fieldId": "custrecord_nope", "value": "1"}])), "FIELD_DOES_NOT_EXIST", "The field custrecord_nope doesn't exist."
    # A field of the other account only, one of lines asked for on subscriptions.
    for field in ("custrecord_only_other", "custrecord_sb_line_service_id"):
        yield compact(usage(sbLookup={"fieldId": field, "value": "1"})), "FIELD_DOES_NOT_EXIST", f"The field {field} doesn't exist."


def _required():
    for name, word in (("subscriptionId", "subscription"), ("line", "line"), ("quantity", "quantity"), ("date", "date")):
        text = f"{word} isn't found in the usage object."
        yield compact(usage(name)), "REQUIRED_VALUE_NOT_FOUND", text
        yield compact(usage(**{name: None})), "REQUIRED_VALUE_NOT_FOUND", text
    yield '{"memo":"nothing else"}', "REQUIRED_VALUE_NOT_FOUND", "subscription isn't found in the usage object."


def _unresolved():
    text = "Subscription record isn't found using the {} property."
    for name, value in (("subscriptionId", 999), ("subscriptionId", "77"), ("subscription", "999"), ("subscriptionName", "No such name"),
                        ("subscriptionName", EMS.lower()), ("subscriptionName", "Only of the other"), ("sbLookup", {**BY_SERVICE, "value": "1003"}),
                        ("sbLookup", {**BY_SERVICE, "value": "7700"})):
        yield compact(usage("subscriptionId", **{name: value})), "SUBSCRIPTION_NOT_FOUND", text.format(name)
    for value in ("9999", "7701"):
        yield (compact(usage("subscriptionId", "line", sbLineLookup={**BY_LINE, "value": value})), "SUBSCRIPTION_LINE_NOT_FOUND",
               "Subscription Line record isn't found using the sbLineLookup property.")
    yield (compact(usage("subscriptionId", subscriptionName=TWIN, line=1)), "MULTIPLE_RECORDS_FOUND",
           "Multiple records found for Subscription using the subscriptionName property.")
    yield (compact(usage("subscriptionId", sbLookup={**BY_SERVICE, "value": "2000"}, line=1)), "MULTIPLE_RECORDS_FOUND",
           "Multiple records found for Subscription using the sbLookup property.")
    yield (compact(usage("subscriptionId", "line", sbLineLookup={**BY_LINE, "value": "3000"})), "MULTIPLE_RECORDS_FOUND",
           "Multiple records found for Subscription Line using the sbLineLookup property.")


def _disagreeing():
    subscription, number = "Multiple values of subscription don't match.", "Multiple values of line don't match."
    yield compact(usage(subscriptionName=TEST_SUB)), "MULTIPLE_VALUES_NOT_MATCH", subscription
    yield compact(usage(sbLookup={**BY_SERVICE, "value": "1002"})), "MULTIPLE_VALUES_NOT_MATCH", subscription
    yield compact(usage("line", subscriptionId=2, sbLineLookup=BY_LINE)), "MULTIPLE_VALUES_NOT_MATCH", subscription
    yield compact(usage(line=4, sbLineLookup=BY_LINE)), "MULTIPLE_VALUES_NOT_MATCH", number
    for missing in (5, "5"):
        yield compact(usage(line=missing)), "INVALID_KEY_OR_REF", f"Invalid usagesubscriptionline reference key {EMS}: 5."
    yield compact(usage(subscriptionId=2, line=9)), "INVALID_KEY_OR_REF", f"Invalid usagesubscriptionline reference key {TEST_SUB}: 9."


def _business():
    for changes in ({"quantity": -1}, {"quantity": "-0.5"}, {"quantity": 10000000000}, {"quantity": "0.1234567890123456789"}, {"date": "12/31/2017"},
                    {"line": 14}, {"line": 14, "date": "1/31/2018"}, {"line": 14, "date": "3/1/2018"}, {"memo": "m" * 4001},
                    *({"line": number} for number in (7, 8, 9, 10, 11, 13))):
        yield compact(usage(**changes)), "USER_ERROR", None


def _first_error_wins():
    yield compact(usage(date="", quantity="abc")), "EMPTY_REQUEST_PROPERTY", "The date property is empty."
    yield compact(usage("line", date="2/30/2018")), "INVALID_PROPERTY_FORMAT", FORMAT.format("date", "M/D/YYYY")
    yield compact(usage("quantity", sbLookup={"value": "1"})), "MISSING_REQUEST_PROPERTY", "The fieldId property is missing in sbLookup object."
    yield compact(usage("quantity", sbLookup={"fieldId": "custrecord_nope", "value": 1})), "REQUIRED_VALUE_NOT_FOUND", "quantity isn't found in the usage object."
    unknown_field = [{"fieldId": "custrecord_nope", "value": 1}]
    yield compact(usage(subscriptionId=999, customFields=unknown_field)), "FIELD_DOES_NOT_EXIST", "The field custrecord_nope doesn't exist."
    yield compact(usage(subscriptionId=999, quantity=-1)), "SUBSCRIPTION_NOT_FOUND", "Subscription record isn't found using the subscriptionId property."
    yield compact(usage(line=5, quantity=-1)), "INVALID_KEY_OR_REF", f"Invalid usagesubscriptionline reference key {EMS}: 5."


# Every usage that fails: (its text, code, text of the message; None: any).
BAD = [case for cases in (_empty, _formats, _members, _required, _unresolved, _disagreeing, _business, _first_error_wins) for case in cases()]
