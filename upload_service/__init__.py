"""The data plane: takes chunks over HTTP, encrypts them and posts them to Discord."""
