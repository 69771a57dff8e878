"""Which TLS certificates are believed."""

import os
import ssl

from client_sdk.errors import InvalidInput


def tls_context(ca_cert: str | os.PathLike[str] | None) -> ssl.SSLContext | None:
    """Trusts the authorities of this machine, and those of a file. Reads the file.

    Args:
        ca_cert: File of certificates in the PEM format; one that has signed itself does as well.
            With None there is none, and no context that differs from the usual one.

    Raises:
        InvalidInput: The file cannot be read, or holds no certificate.
    """
    if ca_cert is None:
        return None
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=ca_cert)
    except ssl.SSLError as error:
        raise InvalidInput(f"{ca_cert} holds no certificate in the PEM format") from error
    except OSError as error:
        raise InvalidInput(f"cannot read certificates from {ca_cert}: {error.strerror}") from error
    return context
