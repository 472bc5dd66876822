"""How staff ask for gift cards and change them, and how buyers see what is on one."""

from rustok.commerce.giftcards.graphql.admin import GiftCardMutations, GiftCardQueries
from rustok.commerce.giftcards.graphql.storefront import GiftCardCheckMutations

MUTATIONS = [GiftCardCheckMutations]
ADMIN_QUERIES = [GiftCardQueries]
ADMIN_MUTATIONS = [GiftCardMutations]
