"""A Beam worker in a process of its own: like the program ``boot`` of Beam's containers, but it installs nothing.

``worker.sh`` starts it with the arguments of Beam's container contract. It has the packages of this interpreter and the
code of this project. Beam's own worker pool (``worker_pool_main``) would do for files of this machine, but it starts
the ``python`` of the PATH and hands workers neither pipeline options, so that those of a file system such as
``--s3_endpoint_url`` have no effect, nor the runner's address for log records, and no memory for side inputs.
"""

import argparse
import json
import os

import grpc
from apache_beam.portability.api import beam_provision_api_pb2 as provision
from apache_beam.portability.api import beam_provision_api_pb2_grpc, endpoints_pb2
from apache_beam.runners.worker import sdk_worker_main
from google.protobuf import json_format, text_format

# Seconds that the runner may take to answer.
_ANSWER_SECONDS = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--id", required=True)
    parser.add_argument("--provision_endpoint", required=True)
    for endpoint in ("logging", "control"):
        parser.add_argument(f"--{endpoint}_endpoint", default="")
    arguments, _ = parser.parse_known_args()
    # Prism quotes it as for a shell, though there is none.
    worker = arguments.id.strip("'")
    info = _provision_info(arguments.provision_endpoint, worker)
    # Where Beam's own entry point of a worker looks.
    os.environ |= {
        "WORKER_ID": worker,
        "PIPELINE_OPTIONS": json.dumps(json_format.MessageToDict(info.pipeline_options)),
        "LOGGING_API_SERVICE_DESCRIPTOR": _descriptor(info.logging_endpoint, arguments.logging_endpoint),
        "CONTROL_API_SERVICE_DESCRIPTOR": _descriptor(info.control_endpoint, arguments.control_endpoint),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
    }
    sdk_worker_main.main([])


def _provision_info(endpoint: str, worker: str) -> provision.ProvisionInfo:
    with grpc.insecure_channel(endpoint) as channel:
        service = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
        request, metadata = provision.GetProvisionInfoRequest(), [("worker_id", worker)]
        answer = service.GetProvisionInfo(request, metadata=metadata, timeout=_ANSWER_SECONDS, wait_for_ready=True)
    return answer.info


def _descriptor(provided: endpoints_pb2.ApiServiceDescriptor, argument: str) -> str:
    return text_format.MessageToString(provided if provided.url else endpoints_pb2.ApiServiceDescriptor(url=argument))


if __name__ == "__main__":
    main()
