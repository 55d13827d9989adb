/* SPDX-License-Identifier: BSD-2-Clause */
/* On a terminal a screen that is drawn anew; else the same tables as plain lines, one behind the
 * other. */
#include "top.h"

#include <curses.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "client.h"

enum {
	INTERVAL_MIN_MS = 100,
	INTERVAL_MAX_MS = 3600000,
	INTERVAL_MS = 1000,
	KEY_ESCAPE = 27,
	TITLE_LINES = 2,
};

struct top {
	const struct ctl *ctl;
	enum top_view view;
	long interval; /* ms */
	long count;    /* refreshes; 0: without end */
	json_t *now, *before;
	uint64_t now_at, before_at; /* ns */
	char err[CLIENT_ERR];	    /* "": the last question was answered */
	size_t skip;		    /* rows above the screen */
};

static int usage(const char *what, const char *word)
{
	fprintf(stderr,
		"shuntctl: top: %s%s; usage: shuntctl top [services|servers|workers] "
		"[--interval SECONDS] [-n COUNT]\n",
		what, word);
	return CTL_USAGE;
}

static void forget(struct top *t)
{
	json_decref(t->before);
	json_decref(t->now);
	t->before = NULL;
	t->now = NULL;
}

/* Asks for the view's rows; what was there becomes what was before. Returns false if there is no
 * answer, t->err then says why. */
static bool refresh_rows(struct top *t)
{
	json_t *request = json_pack("{s:s, s:s}", "cmd", "show", "what", top_views[t->view].what);
	json_t *answer = client_ask(t->ctl->socket, request, t->err);

	json_decref(request);
	if (!answer)
		return false;
	if (!client_ok(answer)) {
		snprintf(t->err, sizeof(t->err), "%s", client_error(answer));
		json_decref(answer);
		return false;
	}
	t->err[0] = '\0';
	json_decref(t->before);
	t->before = t->now;
	t->before_at = t->now_at;
	t->now = answer;
	t->now_at = clock_ns();
	return true;
}

static double seconds_between(const struct top *t)
{
	return (double)(t->now_at - t->before_at) / 1e9;
}

static void print_plain(const struct top *t)
{
	time_t now = time(NULL);
	char clock[16] = "";
	struct tm tm;

	if (t->ctl->json) {
		json_dumpf(t->now, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		if (localtime_r(&now, &tm))
			strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
		printf("%s %s\n", clock, top_views[t->view].name);
		top_print(stdout, t->view, t->now, t->before, seconds_between(t));
		putchar('\n');
	}
	fflush(stdout);
}

/* The first lines come after one interval, for there is no rate before. */
static int run_plain(struct top *t)
{
	const struct timespec pause = {t->interval / 1000, t->interval % 1000 * 1000000};
	bool good = refresh_rows(t);

	for (long i = 0; good && (!t->count || i < t->count) && !ferror(stdout); i++) {
		nanosleep(&pause, NULL);
		good = refresh_rows(t);
		if (good)
			print_plain(t);
	}
	if (!good)
		fprintf(stderr, "shuntctl: %s\n", t->err);
	return good ? CTL_OK : CTL_FAILED;
}

static void draw_title(const struct top *t)
{
	move(0, 0);
	for (int i = 0; i < TOP_VIEWS; i++) {
		attrset(i == (int)t->view ? A_REVERSE : A_NORMAL);
		printw(" %c %s ", top_views[i].key, top_views[i].name);
	}
	attrset(A_NORMAL);
	printw("   every %ld.%ld s   q quits, Tab goes on, arrows scroll", t->interval / 1000,
	       t->interval % 1000 / 100);
	clrtoeol();
	move(1, 0);
	attrset(A_BOLD);
	addnstr(t->err, COLS);
	attrset(A_NORMAL);
	clrtoeol();
}

/* The table's own title stays, the rows scroll. */
static void draw(const struct top *t)
{
	char *text = NULL, *line, *save = NULL;
	size_t size, n = 0;
	FILE *f = open_memstream(&text, &size);
	int y = TITLE_LINES;

	if (!f)
		return;
	if (t->now)
		top_print(f, t->view, t->now, t->before, seconds_between(t));
	fclose(f);
	erase();
	draw_title(t);
	for (line = strtok_r(text, "\n", &save); line && y < LINES;
	     line = strtok_r(NULL, "\n", &save), n++) {
		if (n && n <= t->skip)
			continue;
		attrset(n ? A_NORMAL : A_UNDERLINE);
		mvaddnstr(y++, 0, line, COLS);
	}
	attrset(A_NORMAL);
	refresh();
	free(text);
}

static void switch_view(struct top *t, enum top_view view)
{
	if (view == t->view)
		return;
	t->view = view;
	t->skip = 0;
	forget(t);
	refresh_rows(t);
}

/* Returns false to end. */
static bool take_key(struct top *t, int key)
{
	size_t rows = json_array_size(json_object_get(t->now, top_views[t->view].what));

	for (int i = 0; i < TOP_VIEWS; i++)
		if (key == top_views[i].key || key == '1' + i)
			switch_view(t, (enum top_view)i);
	if (key == '\t')
		switch_view(t, (enum top_view)((t->view + 1) % TOP_VIEWS));
	else if (key == KEY_DOWN && t->skip + 1 < rows)
		t->skip++;
	else if (key == KEY_UP && t->skip)
		t->skip--;
	else if (key == KEY_HOME)
		t->skip = 0;
	return key != 'q' && key != KEY_ESCAPE;
}

/* Waits for keys until the interval is over. Returns false to end. */
static bool wait_keys(struct top *t)
{
	uint64_t due = clock_ns() + (uint64_t)t->interval * 1000000, now;

	while ((now = clock_ns()) < due) {
		int key;

		timeout((int)((due - now) / 1000000) + 1);
		key = getch();
		if (key == ERR && errno != EINTR && feof(stdin))
			return false;
		if (key == ERR)
			continue;
		if (!take_key(t, key))
			return false;
		draw(t);
	}
	return true;
}

static int run_screen(struct top *t)
{
	SCREEN *screen = newterm(NULL, stdout, stdin);
	bool on = true;

	if (!screen)
		return run_plain(t);
	cbreak(); /* ^C is ncurses' to handle: it restores the terminal */
	noecho();
	curs_set(0);
	keypad(stdscr, true);
	set_escdelay(50);
	for (long i = 0; on && (!t->count || i < t->count); i++) {
		refresh_rows(t); /* without an answer the last one stays, below what is wrong */
		draw(t);
		on = wait_keys(t);
	}
	endwin();
	delscreen(screen);
	return CTL_OK;
}

static bool read_seconds(const char *text, long *ms)
{
	char *end;
	double s = strtod(text, &end);

	if (end == text || *end || !(s * 1000 >= INTERVAL_MIN_MS) || s * 1000 > INTERVAL_MAX_MS)
		return false;
	*ms = (long)(s * 1000);
	return true;
}

static bool read_count(const char *text, long *count)
{
	char *end;

	errno = 0;
	*count = strtol(text, &end, 10);
	return end != text && !*end && !errno && *count > 0;
}

static int read_view(struct top *t, const char *word)
{
	for (int i = 0; i < TOP_VIEWS; i++) {
		if (!strcmp(word, top_views[i].name)) {
			t->view = (enum top_view)i;
			return CTL_OK;
		}
	}
	return usage("does not know ", word);
}

static int read_words(struct top *t, int argc, const char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char *word = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
		bool interval = !strncmp(word, "--interval", 10) && (!word[10] || word[10] == '=');
		bool good;
		int code;

		if (!interval && strcmp(word, "-n") != 0) {
			code = read_view(t, word);
			if (code)
				return code;
			continue;
		}
		if (interval && word[10])
			value = word + 11;
		else
			i++;
		if (!value)
			return usage("a number is missing behind ", word);
		good = interval ? read_seconds(value, &t->interval) : read_count(value, &t->count);
		if (!good)
			return usage(interval ? "not an interval (0.1 to 3600 seconds): "
					      : "not a count: ",
				     value);
	}
	return CTL_OK;
}

int top_run(const struct ctl *ctl, int argc, const char **argv)
{
	struct top t = {.ctl = ctl, .interval = INTERVAL_MS};
	int code = read_words(&t, argc, argv);

	if (code)
		return code;
	if (!ctl->json && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO))
		code = run_screen(&t);
	else
		code = run_plain(&t);
	forget(&t);
	return code;
}
