"""Which host names mean this machine: people's data and passwords may go there in clear, and no further."""

from ipaddress import ip_address


def is_this_machine(host: str) -> bool:
    """Whether an address never leaves this machine. No name but localhost is looked up."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"
