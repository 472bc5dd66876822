"""Which full-text configuration reads which language, made once beside the read model's tables."""

# ISO 639-1 → PostgreSQL's snowball configuration; every other language is read by `rustok_simple`.
SNOWBALL = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish", "nl": "dutch", "en": "english",
    "et": "estonian", "fi": "finnish", "fr": "french", "de": "german", "el": "greek", "hi": "hindi", "hu": "hungarian",
    "id": "indonesian", "ga": "irish", "it": "italian", "lt": "lithuanian", "ne": "nepali", "no": "norwegian",
    "nb": "norwegian", "nn": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
SIMPLE = "public.rustok_simple"
MOST_WORDS = 12  # of a query; the rest is not looked at


def configuration(locale: str) -> str:
    """The text search configuration of a locale: `rustok_english` for `en` and `en-GB`."""
    language = SNOWBALL.get(locale.split("-")[0].split("_")[0].lower())
    return f"public.rustok_{language}" if language else SIMPLE


def statements() -> list[str]:
    """DDL that makes the configurations, `index_language(locale)` and `index_folded(text)`; safe to run again."""
    names = sorted({*SNOWBALL.values(), "simple"})
    cases = " ".join(f"WHEN '{code}' THEN 'public.rustok_{name}'::regconfig" for code, name in SNOWBALL.items())
    return [
        # Accents are taken off before stemming, so that "ёлка" finds "елка" and "ete" finds "été". A configuration
        # that this PostgreSQL lacks (18 has more than 16) is a copy of `simple`.
        f"""
        DO $$
        DECLARE
            language text;
            base text;
        BEGIN
            FOREACH language IN ARRAY ARRAY[{", ".join(f"'{name}'" for name in names)}] LOOP
                CONTINUE WHEN EXISTS (
                    SELECT FROM pg_ts_config
                    WHERE cfgname = 'rustok_' || language AND cfgnamespace = 'public'::regnamespace
                );
                base := CASE WHEN EXISTS (
                    SELECT FROM pg_ts_config WHERE cfgname = language AND cfgnamespace = 'pg_catalog'::regnamespace
                ) THEN language ELSE 'simple' END;
                EXECUTE format(
                    'CREATE TEXT SEARCH CONFIGURATION public.%I (COPY = pg_catalog.%I)', 'rustok_' || language, base
                );
                EXECUTE format(
                    'ALTER TEXT SEARCH CONFIGURATION public.%I'
                    ' ALTER MAPPING FOR word, hword, hword_part WITH public.unaccent, pg_catalog.%I',
                    'rustok_' || language, CASE base WHEN 'simple' THEN 'simple' ELSE base || '_stem' END
                );
            END LOOP;
        END
        $$
        """,
        f"""
        CREATE OR REPLACE FUNCTION public.index_language(locale text) RETURNS regconfig
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN CASE lower(split_part(replace(locale, '_', '-'), '-', 1)) {cases} ELSE '{SIMPLE}'::regconfig END
        """,
        # `unaccent` is only STABLE because its dictionary could be changed; ours is named and does not change.
        """
        CREATE OR REPLACE FUNCTION public.index_folded(words text) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN lower(public.unaccent('public.unaccent'::regdictionary, words))
        """,
        # Every place must be filled by one of the words or phrases that may stand there, stemmed or as they were typed;
        # the last word that was typed may be half of one; stop words are skipped. Without places, each word is one.
        f"""
        CREATE OR REPLACE FUNCTION public.index_query(locale text, words text, places jsonb) RETURNS tsquery
        LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
        DECLARE
            language regconfig := public.index_language(locale);
            plain regconfig := '{SIMPLE}'::regconfig;
            wanted jsonb := COALESCE(places, (
                SELECT jsonb_agg(jsonb_build_array(w) ORDER BY n)
                FROM regexp_split_to_table(btrim(words, E' \\t\\n\\r'), '\\s+') WITH ORDINALITY AS typed (w, n)
            ));
            most integer := least(jsonb_array_length(wanted), {MOST_WORDS});
            phrases text[];
            tokens text[];
            token text;
            tail text;
            is_last boolean;
            head tsquery;
            part tsquery;
            one tsquery;
            either tsquery;
            answer tsquery;
        BEGIN
            FOR place IN 1..most LOOP
                phrases := ARRAY(SELECT jsonb_array_elements_text(wanted -> place - 1));
                either := NULL;
                FOR choice IN 1..cardinality(phrases) LOOP
                    tokens := regexp_split_to_array(phrases[choice], '\\s+');
                    one := NULL;
                    FOR at IN 1..least(cardinality(tokens), {MOST_WORDS}) LOOP
                        token := left(tokens[at], 100);
                        is_last := place = most AND choice = 1 AND at = cardinality(tokens);
                        part := plainto_tsquery(language, token);
                        CONTINUE WHEN numnode(part) = 0 AND NOT (is_last AND answer IS NULL AND one IS NULL);
                        part := part || plainto_tsquery(plain, token);
                        tail := (regexp_match(token, '(\\w+)$'))[1];
                        IF is_last AND tail IS NOT NULL THEN
                            head := plainto_tsquery(plain, left(token, -length(tail)));
                            tail := quote_literal(tail) || ':*';
                            part := part || (head && to_tsquery(plain, tail)) || (head && to_tsquery(language, tail));
                        END IF;
                        one := CASE WHEN one IS NULL THEN part ELSE one && part END;
                    END LOOP;
                    CONTINUE WHEN one IS NULL;
                    either := CASE WHEN either IS NULL THEN one ELSE either || one END;
                END LOOP;
                CONTINUE WHEN either IS NULL;
                answer := CASE WHEN answer IS NULL THEN either ELSE answer && either END;
            END LOOP;
            RETURN COALESCE(answer, ''::tsquery);
        END
        $$
        """,
        """
        CREATE OR REPLACE FUNCTION public.index_query(locale text, words text) RETURNS tsquery
        LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp
        RETURN public.index_query(locale, words, NULL::jsonb)
        """,
    ]  # fmt: skip
