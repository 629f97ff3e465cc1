"""Reads an interval log, and prints as JSON what is in it, by tag.

usage: read.py FILE
"""

import json
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

PERCENTILES = [50, 90, 99, 99.9, 100]


def intervals(path):
    """Every line of the log, in order."""
    reader = HistogramLogReader(path, HdrHistogram(1, 60_000_000_000, 3))
    while (histogram := reader.get_next_interval_histogram()) is not None:
        yield histogram, reader.get_start_time_sec()
    reader.close()


tags = {}
for histogram, start_s in intervals(sys.argv[1]):
    # A line without a tag has an empty one.
    tag = histogram.get_tag() or ""
    of_tag = tags.setdefault(tag, {"merged": HdrHistogram(1, 60_000_000_000, 3), "lines": []})
    of_tag["merged"].add(histogram)
    times_ms = (histogram.get_start_time_stamp(), histogram.get_end_time_stamp())
    of_tag["lines"].append([round(ms - start_s * 1000) for ms in times_ms])

for of_tag in tags.values():
    merged = of_tag.pop("merged")
    of_tag["count"] = merged.get_total_count()
    of_tag["min"] = merged.get_min_value()
    of_tag["max"] = merged.get_max_value()
    of_tag["percentiles"] = [[p, merged.get_value_at_percentile(p)] for p in PERCENTILES]
    of_tag["buckets"] = [[item.value_iterated_to, item.count_added_in_this_iter_step] for item in merged.get_recorded_iterator()]
print(json.dumps(tags))
