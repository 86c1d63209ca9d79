// SPDX-License-Identifier: Apache-2.0

// client ADDRESS KEY USER TITLE: prints the notification's id, or the reason and the fields that are wrong.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	belfryv1 "belfry/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func main() {
	address, key, user, title := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	connection, err := grpc.Dial(address, grpc.WithInsecure())
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key)
	answer, err := belfryv1.NewNotifyServiceClient(connection).Notify(ctx, &belfryv1.NotifyRequest{
		Notification:   &belfryv1.Notification{UserId: user, Title: title},
		IdempotencyKey: "go-" + user + "-" + title,
	})
	if err == nil {
		fmt.Println(answer.GetId())
		return
	}
	for _, detail := range status.Convert(err).Details() {
		switch found := detail.(type) {
		case *errdetails.ErrorInfo:
			fmt.Println(found.GetDomain(), found.GetReason())
		case *errdetails.BadRequest:
			for _, violation := range found.GetFieldViolations() {
				fmt.Println(violation.GetField())
			}
		}
	}
	os.Exit(1)
}
