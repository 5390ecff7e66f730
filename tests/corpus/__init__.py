"""Files of every accepted type, honest and hostile, made by the tests; none is kept in the repository."""
