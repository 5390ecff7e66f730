"""The cloud: `data` is stateful and retained, `service` is stateless. Both read the blueprint."""
