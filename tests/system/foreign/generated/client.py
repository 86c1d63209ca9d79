# SPDX-License-Identifier: Apache-2.0
"""client.py ADDRESS KEY USER TITLE: prints the notification's id, or the reason and the fields that are wrong."""

import sys

import grpc
from belfry.v1 import notification_pb2, notify_service_pb2, notify_service_pb2_grpc
from google.rpc import error_details_pb2, status_pb2

address, key, user, title = sys.argv[1:]
stub = notify_service_pb2_grpc.NotifyServiceStub(grpc.insecure_channel(address))
request = notify_service_pb2.NotifyRequest(
    notification=notification_pb2.Notification(user_id=user, title=title), idempotency_key=f"python-{user}-{title}")
try:
    print(stub.Notify(request, metadata=[("authorization", f"Bearer {key}")], timeout=10).id)
except grpc.RpcError as error:
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    for detail in status_pb2.Status.FromString(details).details:
        info, fields = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            print(f"{info.domain} {info.reason}")
        if detail.Unpack(fields):
            print(" ".join(violation.field for violation in fields.field_violations))
    sys.exit(1)
