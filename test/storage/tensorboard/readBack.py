"""What TensorBoard's own reader finds in a folder with one event file, as JSON."""

import json
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import metadata

events = event_accumulator.EventAccumulator(
    sys.argv[1], size_guidance=event_accumulator.STORE_EVERYTHING_SIZE_GUIDANCE
)
events.Reload()
tags = events.Tags()


def content(tag):
    return events.SummaryMetadata(tag).plugin_data.content


start = metadata.parse_session_start_info_plugin_data(content(metadata.SESSION_START_INFO_TAG))
end = metadata.parse_session_end_info_plugin_data(content(metadata.SESSION_END_INFO_TAG))
value = lambda hparam: getattr(hparam, hparam.WhichOneof("kind"))

print(
    json.dumps(
        {
            "scalars": {
                tag: [[e.wall_time, e.step, e.value] for e in events.Scalars(tag)]
                for tag in tags["scalars"]
            },
            "histograms": {
                tag: [
                    {
                        "step": e.step,
                        "min": e.histogram_value.min,
                        "max": e.histogram_value.max,
                        "num": e.histogram_value.num,
                        "sum": e.histogram_value.sum,
                        "counted": sum(e.histogram_value.bucket),
                    }
                    for e in events.Histograms(tag)
                ]
                for tag in tags["histograms"]
            },
            "images": {
                tag: [[e.step, e.width, e.height, e.encoded_image_string[1:4].decode()] for e in events.Images(tag)]
                for tag in tags["images"]
            },
            "graph": [[n.name, n.op, list(n.input)] for n in events.Graph().node],
            "hparams": {name: value(start.hparams[name]) for name in start.hparams},
            "status": end.status,
        }
    )
)
