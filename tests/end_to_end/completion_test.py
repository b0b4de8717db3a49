#!/usr/bin/env python3
"""sojournctl in the shells of operators, its manual page, and the document that says the same."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

from harness import EndToEnd, main

SOJOURNCTL = Path(os.environ["SOJOURNCTL"])
DOCUMENT = Path(__file__).parents[2] / "docs/sojournctl.md"


def say(*words):
    return subprocess.run([SOJOURNCTL, *words], text=True, check=True, timeout=10,
                          capture_output=True).stdout


class Completed(EndToEnd):
    """`completions(LINE)`: what the shell offers in place of the last word of the line."""

    def setUp(self):
        self.script = self.directory / f"completion.{self.shell}"
        self.script.write_text(say("completion", self.shell))
        (self.directory / "sessions.jsonl").write_text("")
        self.environment = {"PATH": f"{SOJOURNCTL.parent}:{os.environ['PATH']}", "TERM": "dumb",
                            "HOME": str(self.directory), "LC_ALL": "C.UTF-8"}

    def run_shell(self, *words):
        done = subprocess.run(words, text=True, capture_output=True, timeout=30,
                              env=self.environment, cwd=self.directory)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return set(done.stdout.split("\n")) - {""}


class OfWords:
    """The tests of shells that can be asked."""

    def test_commands_options_values_and_files_are_completed(self):
        self.assertEqual(self.completions("sojournctl ver"), {"verify"})
        self.assertTrue({"status", "watch", "lb", "completion"} <= self.completions("sojournctl "))
        self.assertIn("--target", self.completions("sojournctl status --"))
        self.assertEqual(self.completions("sojournctl revoke --sub"), {"--subject"})
        self.assertEqual(self.completions("sojournctl lb hap"), {"haproxy"})
        self.assertEqual(self.completions("sojournctl completion "), {"bash", "zsh", "fish"})
        self.assertEqual(self.completions("sojournctl export sess"), {"sessions.jsonl"})
        self.assertEqual(self.completions("sojournctl status --ca sess"), {"sessions.jsonl"})
        self.assertEqual(self.completions("sojournctl drain sess"), set())


class Bash(OfWords, Completed):
    shell = "bash"
    needs = ("bash",)

    def completions(self, line):
        words = line.split(" ")
        return self.run_shell(
            "bash", "--norc", "-c",
            'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sojournctl; '
            'printf "%s\\n" "${COMPREPLY[@]}"', "bash", self.script, *words)


class Fish(OfWords, Completed):
    shell = "fish"
    needs = ("fish",)

    def completions(self, line):
        offered = self.run_shell("fish", "--no-config", "-c",
                                 f"source {self.script}; complete -C '{line}'")
        # Behind a tab stands the description.
        return {each.split("\t")[0] for each in offered}


class Zsh(Completed):
    shell = "zsh"
    needs = ("zsh",)

    def test_commands_options_values_and_files_are_completed(self):
        for typed, completed in (("sojournctl ver", "sojournctl verify"),
                                 ("sojournctl revoke --sub", "sojournctl revoke --subject"),
                                 ("sojournctl lb hap", "sojournctl lb haproxy"),
                                 ("sojournctl export sess", "sojournctl export sessions.jsonl"),
                                 ("sojournctl status --ca sess",
                                  "sojournctl status --ca sessions.jsonl")):
            self.assertIn(completed, self.after_tab(typed, completed))

    def after_tab(self, typed, awaited):
        """What a real terminal shows when Tab was pressed after these words, until it shows that."""
        pid, master = pty.fork()
        if pid == 0:
            os.chdir(self.directory)
            os.execvpe("zsh", ["zsh", "-f", "-i"], self.environment)
        try:
            self.type(master, "PS1='> '; unsetopt zle_bracketed_paste; autoload -U compinit; "
                              f"compinit -u -D; source {self.script}; echo rea''dy\n", "ready")
            return self.type(master, typed + "\t", awaited)
        finally:
            os.close(master)
            os.waitpid(pid, 0)

    def type(self, master, text, until):
        """Types it, and returns what is shown until that is shown, or for some seconds."""
        os.write(master, text.encode())
        shown, deadline = "", time.monotonic() + 20
        while until not in shown and time.monotonic() < deadline:
            if select.select([master], [], [], 0.5)[0]:
                shown += os.read(master, 4096).decode(errors="replace")
        return shown


class Manual(EndToEnd):
    needs = ("groff",)

    def test_the_page_can_be_formatted_and_has_every_command(self):
        page = say("man")
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-rF0"], input=page, text=True,
                              capture_output=True, timeout=30)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        # Bold and slanted letters are escape sequences or overstruck, as groff was set up.
        formatted = re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout)
        self.assertRegex(formatted, r"sojournctl - ")
        for command in re.findall(r"^  (\w[\w-]*)  ", say("--help"), re.M):
            self.assertRegex(formatted, rf"(?m)^   {command} ")

    def test_the_document_has_every_command_and_exit_status(self):
        page, document = say("man"), DOCUMENT.read_text()
        commands = [each.replace("\\-", "-") for each in re.findall(r"^\.SS \\fB(.+?)\\fR", page, re.M)]
        self.assertIn("acknowledge-losses", commands)
        for command in commands:
            self.assertRegex(document, rf"`{command}[ `]")
        for status in re.findall(r"^\\fB(\d)\\fR$", page, re.M):
            self.assertRegex(document, rf"(?m)^\| {status} \|")
        for variable in re.findall(r"SOJOURNCTL_\w+", page):
            self.assertIn(f"`{variable}`", document)


if __name__ == "__main__":
    main(sys.modules[__name__])
