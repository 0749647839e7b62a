"""Talks to callscribe with the official `openai` package, unmodified; fails with a sentence where it is not understood."""

import os
from pathlib import Path

import openai
from openai import OpenAI

calls = Path(os.environ["CALLS"])
client = OpenAI(max_retries=0)
english, spanish = calls / "en-refund.wav", calls / "es-tarjeta.wav"


def transcribe(**asked):
    asked = {"model": "whisper-1", "file": english, **asked}
    return client.audio.transcriptions.create(**asked)


def check(holds, what):
    if not holds:
        raise SystemExit(f"wrong: {what}")


# Models.
names = [model.id for model in client.models.list()]
check("whisper-1" in names and len(names) == 2, names)
check(client.models.retrieve(names[0]).id == names[0], "a model by its own name")

# Every format.
plain = transcribe()
check("refund" in plain.text, plain)
check(plain.usage.type == "duration" and plain.usage.seconds > 10, plain.usage)
text = transcribe(response_format="text", model=names[0], language="en", temperature=0, prompt="An order.")
check("refund" in text, text)
srt = transcribe(response_format="srt")
check(srt.startswith("1\n00:00:") and " --> " in srt, srt)
vtt = transcribe(response_format="vtt")
check(vtt.startswith("WEBVTT\n\n00:00:"), vtt)

verbose = transcribe(response_format="verbose_json", timestamp_granularities=["word", "segment"])
check(verbose.language == "en" and verbose.duration > 10, verbose)
check(verbose.words[0].start < verbose.words[0].end <= verbose.duration, verbose.words[0])
check(verbose.segments[0].id == 0 and verbose.segments[0].avg_logprob <= 0, verbose.segments[0])
check([word.start for word in verbose.words if word.start < 0] == [], "times are in the call")
only_words = transcribe(response_format="verbose_json", timestamp_granularities=["word"])
check(only_words.words and only_words.segments is None, "words alone")
by_default = transcribe(response_format="verbose_json")
check(by_default.segments and by_default.words is None, "segments by default")

# A language that is given is a fact, even where something else is heard.
for given in ["en", "es"]:
    told = transcribe(language=given, response_format="verbose_json")
    check(told.language == given, told)
    told = transcribe(file=spanish, language=given, response_format="verbose_json")
    check(told.language == given, told)

# A stream.
events = list(transcribe(stream=True))
deltas = "".join(event.delta for event in events if event.type == "transcript.text.delta")
check(events[-1].type == "transcript.text.done" and events[-1].text == deltas == plain.text, events[-1])

# A long call is told while the rest of it is still being heard: its audio is there until then.
uploads, long = Path(os.environ["UPLOADS"]), Path(os.environ["LONG_CALL"])
parts, was_held = [], False
for event in transcribe(file=long, stream=True):
    if event.type == "transcript.text.delta":
        was_held |= not parts and any(entry.is_file() for entry in uploads.rglob("*"))
        parts.append(event.delta)
    else:
        check(event.type == "transcript.text.done" and event.text == "".join(parts), event)
check(was_held, "text came before the whole file was heard")
check(len(parts) > 20 and "".join(parts) == transcribe(file=long).text, "a stream is the transcript")

# Translation; the miniature model knows no other language well, so only the shape is looked at.
translated = client.audio.translations.create(model="whisper-1", file=spanish, response_format="verbose_json")
check(isinstance(translated.text, str) and translated.duration > 1, translated)


# Errors, in the shape the client reads.
def refused(kind, code, ask):
    try:
        ask()
    except kind as error:
        check(error.code == code and error.body["message"], f"{error.body}")
        return error
    raise SystemExit(f"wrong: nothing was refused with {code}")


error = refused(openai.NotFoundError, "model_not_found", lambda: transcribe(model="gpt-9"))
check(error.param == "model" and error.type == "invalid_request_error", error.body)
refused(openai.NotFoundError, "model_not_found", lambda: client.models.retrieve("gpt-9"))
refused(openai.BadRequestError, "invalid_value", lambda: transcribe(response_format="docx"))
refused(openai.BadRequestError, "invalid_value", lambda: transcribe(temperature=7))
for timed in ["srt", "vtt", "verbose_json"]:
    error = refused(openai.BadRequestError, "invalid_value", lambda: transcribe(stream=True, response_format=timed))
    check(error.param == "stream", error.body)
streamed = {"model": "whisper-1", "file": spanish, "extra_body": {"stream": True}}
error = refused(openai.BadRequestError, "invalid_value", lambda: client.audio.translations.create(**streamed))
check(error.param == "stream", error.body)
refused(openai.BadRequestError, "invalid_file", lambda: transcribe(file=("a.wav", b"no audio at all" * 99)))
try:
    list(transcribe(stream=True, file=("a.wav", b"no audio at all" * 99)))
    raise SystemExit("wrong: a stream of nothing ended well")
except openai.APIError as error:
    check("text file" in error.message, error.message)
stranger = OpenAI(api_key="wrong", max_retries=0)
refused(openai.AuthenticationError, "invalid_api_key", lambda: stranger.models.list())
print("all is well")
