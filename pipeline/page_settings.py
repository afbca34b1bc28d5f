"""The settings of the page: where it listens, who may see it, and what they see."""

import ipaddress
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from pipeline.section import Section

Role = Literal["manager", "rep"]
SignIn = Literal["token", "proxy", "oidc"]


class UserSettings(Section):
    """What one person may see."""

    role: Role = Field("rep", description="manager sees all leads, rep those of their owner")
    owner: str = Field("", description="the rep's name in the owner column of leads; empty: the name of the user")


class PageSettings(Section):
    """The page for sales: 'tamis serve'."""

    index: bool = Field(True, description="false: 'tamis score' makes no index for the page; 'tamis serve' makes it")
    host: str = Field("127.0.0.1", description="address to listen on; another than loopback needs proxy or oidc")
    port: int = Field(8765, ge=0, le=65_535, description="port; 0: any that is free")
    url: str = Field("", description="address that people type, such as https://leads.example.com; empty: host:port")
    sign_in: SignIn = Field(
        "token", description="token (one link, printed at the start), proxy (it names the user) or oidc"
    )
    proxy_addresses: tuple[str, ...] = Field(
        ("127.0.0.1",), description="addresses or networks of the proxy; nobody else is believed"
    )
    proxy_header: str = Field("X-Forwarded-User", pattern=r"^[A-Za-z0-9-]+$", description="header that names the user")
    oidc_issuer: str = Field("", description="issuer of the identity provider, such as https://id.example.com/realm")
    oidc_client: str = Field("", description="client id there")
    oidc_secret: SecretStr | None = Field(None, description="only from TAMIS_PAGE__OIDC_SECRET or a secret file")
    oidc_claim: str = Field("email", description="claim that names the user; an e-mail address must be verified")
    session_hours: float = Field(12.0, gt=0, le=720, description="how long a sign-in lasts")
    requests_per_minute: int = Field(240, ge=10, description="by user and by address; more are told to wait")
    stale_hours: float = Field(36.0, gt=0, description="age of the scores from which the page says that they are old")
    users: dict[str, UserSettings] = Field(
        default_factory=dict, description="who may see what, by the name that the proxy or the provider gives"
    )

    @field_validator("proxy_addresses")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                ipaddress.ip_network(text)
            except ValueError:
                raise ValueError(f"expected an address or a network such as 10.0.0.0/24, found {text!r}") from None
        return value

    @field_validator("url", "oidc_issuer")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError(f"expected an address that begins with https://, found {value!r}")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _complete(self) -> "PageSettings":
        if self.sign_in == "oidc" and not (self.oidc_issuer and self.oidc_client and self.url):
            raise ValueError("sign_in = oidc: expected oidc_issuer, oidc_client and url, found one of them empty")
        return self
