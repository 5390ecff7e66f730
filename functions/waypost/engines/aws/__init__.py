"""The cloud's engine: DynamoDB, SQS, S3, KMS and API Gateway's `@connections`. See `engine.py`."""
