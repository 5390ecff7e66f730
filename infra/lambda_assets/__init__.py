"""What Lambda gets: `python -m infra.lambda_assets` builds it, `python -m infra.lambda_assets.lock` pins it."""
