"""What one instance's `source` may say: one section a kind of billing system."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr


class Section(BaseModel):
    """Unknown keys are refused; values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]{1,64}", name):
        raise ValueError("only letters, digits and _ may stand here")
    return name


def _web(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/@]+(/\S*)?", text):
        raise ValueError("write an address like https://host or http://127.0.0.1:8088, without user or password")
    return text.rstrip("/")


Identifier = Annotated[str, AfterValidator(_identifier)]
WebAddress = Annotated[str, AfterValidator(_web)]


class WebSource(Section):
    """What every source behind HTTP has."""

    url: WebAddress
    timeout_seconds: float = Field(30.0, gt=0, le=300)
    retries: int = Field(3, ge=0, le=10)
    pause_seconds: float = Field(0.1, ge=0, le=10)  # between requests of a listing: be polite
    ca_file: Path | None = None
    verify_tls: bool = True


class IxcSource(WebSource):
    """IXC Provedor, webservice v1. `url` with or without /webservice/v1."""

    type: Literal["ixc"]
    token: SecretStr  # "id:hash" as IXC shows it
    page_size: int = Field(500, ge=1, le=5000)
    city_table: Identifier = "cidade"  # what IXC calls the tables of names is not documented
    state_table: Identifier = "uf"


class RbxSource(WebSource):
    """RBX (RouterBox), web services v1 and v2. `url` with or without /routerbox."""

    type: Literal["rbx"]
    key: SecretStr  # Empresa > Parâmetros > Web Services; of production, not of homologation
    slice_codes: int = Field(1000, ge=10, le=100000)  # client codes a request
    slice_days: int = Field(31, ge=1, le=366)  # due days a request
    accounts: tuple[int, ...] = ()  # account numbers for interest (v2); empty: not asked


class AltaRedeFields(Section):
    """How AltaRede names things: ask its support for the manual. Nothing here has a default that is a guess."""

    bill_id: str
    due_date: str
    open_amount: str
    amount: str | None = None  # the face value, if another field
    contract_id: str | None = None
    pay_line: str | None = None  # the digitable line, if it has it
    status: str | None = None
    open_statuses: tuple[str, ...] = ()  # which values of `status` mean owed; needed with `status`
    bills: str = ""  # dotted way to the list within the answer: "data.titulos"; empty: the answer is the list


class AltaRedeRelease(Section):
    """How a blocked line is released on trust. Nothing of it is publicly known, so nothing has a default."""

    path: str  # below `url`, with {contract} unless `contract_field` carries it; asked by POST
    contract_field: str | None = None
    done: str  # dotted way to the value within the answer that says whether it was done: "status"
    done_words: tuple[str, ...] = Field(min_length=1)  # what that value is then; letter case does not count
    said: str | None = None  # dotted way to a text for people


class AltaRedeSource(WebSource):
    """AltaRede: no public manual. Known: host, token, appkey, search by CPF/CNPJ only. The rest must be told."""

    type: Literal["altarede"]
    token: SecretStr
    appkey: SecretStr
    clients: Path  # the documents we know: a CSV file as of `type: csv`
    encoding: str = "utf-8-sig"
    delimiter: Literal[",", ";", "\t"] = ";"
    bills_path: str | None = None  # below `url`, with {document}
    method: Literal["GET", "POST"] = "GET"
    token_header: str | None = None  # name of the header that carries the token, or ...
    appkey_header: str | None = None
    token_field: str | None = None  # ... of the field of query or body
    appkey_field: str | None = None
    document_field: str | None = None  # when the document does not go into the path
    fields: AltaRedeFields | None = None
    date_format: Literal["iso", "brazilian"] = "iso"
    release: AltaRedeRelease | None = None


class CsvSource(Section):
    """Two files with a header line, CSV or XLSX (by the ending of the name); columns in README."""

    type: Literal["csv"]
    clients: Path
    bills: Path
    encoding: str = "utf-8-sig"
    delimiter: Literal[",", ";", "\t"] = ";"


class SqlSource(Section):
    """Two views in a MySQL or MariaDB of the provider's, with the columns of the CSV files."""

    type: Literal["sql"]
    host: str = "127.0.0.1"
    port: int = Field(3306, ge=1, le=65535)
    socket: Path | None = None  # used instead of host and port when given
    user: str
    password: SecretStr
    database: Identifier
    clients_view: Identifier = "collector_clients"
    bills_view: Identifier = "collector_bills"
    timeout_seconds: float = Field(60.0, gt=0, le=600)
    ca_file: Path | None = None  # TLS, with this authority; needed unless the server is this machine


Source = Annotated[IxcSource | RbxSource | AltaRedeSource | CsvSource | SqlSource, Field(discriminator="type")]
