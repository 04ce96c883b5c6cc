"""Whether a way out of this machine is there. Imports no `requests`."""

import socket

from application.ports.egress import Egress


def is_usable(egress: Egress) -> bool:
    """Whether this machine has the address that calls leave from. A proxy may be anywhere."""
    if egress.source is None:
        return True
    family = socket.AF_INET6 if ":" in egress.source else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((egress.source, 0))
    except OSError:
        return False
    return True
