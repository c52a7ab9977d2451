"""The tests; a package, so that helpers such as tests.support.model_server can be imported and run."""
