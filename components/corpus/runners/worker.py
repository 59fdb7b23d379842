"""A Beam worker as a process of its own: what the program ``boot`` of Beam's containers does, less installing anything.

Started by ``worker.sh`` with the arguments of Beam's container contract; the worker has the packages of its interpreter
and the code of this project.
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
_PATIENCE = 60


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
    # How Beam's own entry point of a worker wants to be told.
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
        answer = service.GetProvisionInfo(request, metadata=metadata, timeout=_PATIENCE, wait_for_ready=True)
    return answer.info


def _descriptor(told: endpoints_pb2.ApiServiceDescriptor, argument: str) -> str:
    return text_format.MessageToString(told if told.url else endpoints_pb2.ApiServiceDescriptor(url=argument))


if __name__ == "__main__":
    main()
