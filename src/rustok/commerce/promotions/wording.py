"""What buyers are told about promotions, in their language where we speak it and in English elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from babel import Locale, UnknownLocaleError, dates, numbers

from rustok.kernel import money

_SAID: Mapping[str, Mapping[str, str]] = {
    "en": {
        "percent_line": "{percent} off",
        "percent_order": "this line's share of {percent} off the order",
        "amount_order": "this line's share of {amount} off the order",
        "amount_line": "{amount} off",
        "amount_piece": "{amount} off each piece",
        "price": "{amount} per piece",
        "free_shipping": "free shipping",
        "shipping_percent": "{percent} off shipping",
        "shipping_amount": "{amount} off shipping",
        "gift": "the cheapest free: buy {buy}, get {get}",
        "gift_percent": "{percent} off the cheapest: buy {buy}, get {get}",
        "capped": "{reason}, at most {most} in all",
        "accepted": "The code is accepted.",
        "waiting": "The code counts as soon as shipping is chosen.",
        "unknown": "There is no such code.",
        "not_started": "This code can be used from {date} on.",
        "expired": "This code has expired.",
        "exhausted": "This code has been used as often as it can be.",
        "used": "You have used this code already.",
        "over": "The offer “{title}” is not there any more: please look at the cart again.",
        "min_subtotal": "Add {amount} more to use this code.",
        "max_subtotal": "This code is for orders of at most {amount}.",
        "min_quantity": "Add {count} more to use this code: it needs {least} pieces.",
        "goods": "This code is for other goods than those in your cart.",
        "currency": "This code is not for {currency}.",
        "country": "This code is not for the country of delivery.",
        "group": "This code is for certain customers only.",
        "first_order": "This code is for first orders only.",
        "nothing": "This code takes nothing off what is in your cart.",
        "not_combined": "This code cannot be combined with “{title}”.",
    },
    "de": {
        "percent_line": "{percent} Rabatt",
        "percent_order": "Anteil dieser Zeile an {percent} Rabatt auf die Bestellung",
        "amount_order": "Anteil dieser Zeile an {amount} Rabatt auf die Bestellung",
        "amount_line": "{amount} Rabatt",
        "amount_piece": "{amount} Rabatt je Stück",
        "price": "{amount} je Stück",
        "free_shipping": "kostenloser Versand",
        "shipping_percent": "{percent} Rabatt auf den Versand",
        "shipping_amount": "{amount} Rabatt auf den Versand",
        "gift": "das Günstigste gratis: {buy} kaufen, {get} dazu",
        "gift_percent": "{percent} Rabatt auf das Günstigste: {buy} kaufen, {get} dazu",
        "capped": "{reason}, insgesamt höchstens {most}",
        "accepted": "Der Code gilt.",
        "waiting": "Der Code gilt, sobald ein Versand gewählt ist.",
        "unknown": "Diesen Code gibt es nicht.",
        "not_started": "Dieser Code gilt erst ab {date}.",
        "expired": "Dieser Code ist abgelaufen.",
        "exhausted": "Dieser Code wurde schon so oft eingelöst, wie es geht.",
        "used": "Sie haben diesen Code schon eingelöst.",
        "over": "Das Angebot „{title}“ gibt es nicht mehr: Bitte sehen Sie sich den Warenkorb noch einmal an.",
        "min_subtotal": "Es fehlen noch {amount}, damit dieser Code gilt.",
        "max_subtotal": "Dieser Code gilt für Bestellungen bis {amount}.",
        "min_quantity": "Es fehlen noch {count} Stück: Dieser Code gilt ab {least}.",
        "goods": "Dieser Code gilt für andere Waren als die in Ihrem Warenkorb.",
        "currency": "Dieser Code gilt nicht für {currency}.",
        "country": "Dieser Code gilt nicht für das Lieferland.",
        "group": "Dieser Code gilt nur für bestimmte Kunden.",
        "first_order": "Dieser Code gilt nur für die erste Bestellung.",
        "nothing": "Dieser Code senkt keinen Preis in Ihrem Warenkorb.",
        "not_combined": "Dieser Code lässt sich nicht mit „{title}“ verbinden.",
    },
    "ru": {
        "percent_line": "скидка {percent}",
        "percent_order": "доля этой позиции в скидке {percent} на весь заказ",
        "amount_order": "доля этой позиции в скидке {amount} на весь заказ",
        "amount_line": "скидка {amount}",
        "amount_piece": "скидка {amount} на каждую штуку",
        "price": "{amount} за штуку",
        "free_shipping": "бесплатная доставка",
        "shipping_percent": "скидка {percent} на доставку",
        "shipping_amount": "скидка {amount} на доставку",
        "gift": "самый дешёвый товар бесплатно: акция {buy} + {get}",
        "gift_percent": "скидка {percent} на самый дешёвый товар: акция {buy} + {get}",
        "capped": "{reason}, всего не больше {most}",
        "accepted": "Код принят.",
        "waiting": "Код подействует, когда будет выбрана доставка.",
        "unknown": "Такого кода нет.",
        "not_started": "Код начнёт действовать {date}.",
        "expired": "Срок действия кода истёк.",
        "exhausted": "Этот код уже использован столько раз, сколько возможно.",
        "used": "Вы уже использовали этот код.",
        "over": "Акция «{title}» больше не действует: проверьте корзину ещё раз.",
        "min_subtotal": "Чтобы код подействовал, добавьте товаров ещё на {amount}.",
        "max_subtotal": "Код действует для заказов не дороже {amount}.",
        "min_quantity": "Добавьте ещё товаров ({count} шт.): код действует от {least} шт.",
        "goods": "Код действует на другие товары, не на те, что в корзине.",
        "currency": "Код не действует для валюты {currency}.",
        "country": "Код не действует для страны доставки.",
        "group": "Код предназначен не для всех покупателей.",
        "first_order": "Код действует только для первого заказа.",
        "nothing": "Код ничего не меняет в вашей корзине.",
        "not_combined": "Код нельзя совместить с акцией «{title}».",
    },
}


def say(locale: str, key: str, **values: object) -> str:
    """The sentence in the language of the locale, with the values filled in."""
    found = _SAID.get(_language(locale), _SAID["en"])[key]
    for name, value in values.items():
        found = found.replace(f"{{{name}}}", str(value))
    return found


def amount(locale: str, minor: int, currency: str) -> str:
    """An amount as people write it: `5,00 €`."""
    value = Decimal(minor).scaleb(-money.exponent(currency))
    # Not the decimals that the language's data gives the currency, but those that we reckon with.
    pattern = f"#,##0{'.' if money.exponent(currency) else ''}{'0' * money.exponent(currency)}"
    spoken = _spoken(locale)
    form = spoken.currency_formats["standard"].pattern.split(";")[0].replace("#,##0.00", pattern)
    return numbers.format_currency(value, currency, form, locale=spoken, currency_digits=False)


def percent(locale: str, value: Decimal) -> str:
    """A percentage as people write it: `12.5%`, `12,5 %`."""
    return numbers.format_percent(value / 100, locale=_spoken(locale), decimal_quantization=False)


def day(locale: str, moment: datetime) -> str:
    """A date as people write it."""
    return dates.format_date(moment.date(), format="medium", locale=_spoken(locale))


def _language(locale: str) -> str:
    return locale.replace("_", "-").split("-")[0].lower()


def _spoken(locale: str) -> Locale:
    try:
        return Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")
