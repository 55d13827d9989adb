/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of values that keywords take. */
#ifndef SHUNT_CONF_VALUE_H
#define SHUNT_CONF_VALUE_H

#include "conf/keyword.h"

extern const struct value_kind value_bool, value_number, value_time, value_string, value_word,
	value_word8, value_flag8, value_addr, value_command, value_user, value_ignored,
	value_regex_options;
/* value_more.c: those with a form of their own */
extern const struct value_kind value_protocol, value_forward, value_persist, value_granularity,
	value_sorry, value_status, value_digest, value_payload, value_reply, value_dns_type;

/* Read a number or a time of the word and report what is wrong with it. */
bool read_number(struct lex *l, const struct word *w, uint32_t min, uint32_t max, uint32_t *out);
bool read_addr(struct lex *l, const struct word *w, struct addr *out);

/* Exactly so many words behind the keyword? Reports if not. */
bool want_words(struct lex *l, const struct keyword *k, const struct statement *st, int min,
		int max);

#endif
