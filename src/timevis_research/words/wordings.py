"""Wordings of events, English and Chinese: clauses of each kind of event, time phrases, and frames of sentences.

A wording of `held_out` is used in tests only. Some held-out wordings have words that no other wording has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from numpy.random import Generator

from timevis.models.patches.events.event import Event

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
NUMBER_WORDS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
CHINESE_NUMBERS = "日一二三四五六七八九十"
QUANTITIES = {
    "en": ("traffic", "demand", "the load", "consumption", "the number of visitors", "volume", "production"),
    "zh": ("车流", "需求", "负荷", "用电量", "客流", "产量", "流量"),
}
SUBJECTS = {
    "en": (
        *("road", "shop", "site", "station", "plant", "building", "bridge", "store", "office", "factory", "museum"),
        *("school", "line", "tunnel", "park", "restaurant", "airport"),
    ),
    "zh": ("道路", "商店", "车站", "工厂", "场馆", "大楼", "桥梁", "学校", "线路", "隧道", "公园", "餐厅", "机场"),
}
FACTOR_WORDS: dict[float, dict[str, tuple[str, ...]]] = {
    2.0: {
        "en": ("{q} doubles", "{q} is doubled", "{q} increases by a factor of 2"),
        "zh": ("{q}翻倍", "{q}增加到两倍"),
    },
    3.0: {"en": ("{q} triples", "{q} is tripled", "{q} increases by a factor of 3"), "zh": ("{q}增加到三倍",)},
    0.5: {"en": ("{q} halves", "{q} is cut in half", "{q} drops to one half"), "zh": ("{q}减半", "{q}降到一半")},
}
HELD_OUT_FACTOR_WORDS: dict[float, dict[str, tuple[str, ...]]] = {
    2.0: {"en": ("{q} will be twice as high", "a doubling of {q}"), "zh": ("{q}变为原来的两倍",)},
    3.0: {"en": ("{q} will be three times as high",), "zh": ("{q}变为原来的三倍",)},
    0.5: {"en": ("only half of {q} remains", "a halving of {q}"), "zh": ("{q}只有原来的一半",)},
}
LOWER = {
    "en": ("{q} falls by {p} %", "{q} is {p} % lower", "{q} drops by {p} percent", "{p} % less {q} than usual"),
    "zh": ("{q}下降{p}%", "{q}减少百分之{p}", "{q}比平时低{p}%"),
}
HIGHER = {
    "en": ("{q} rises by {p} %", "{q} is {p} % higher", "{q} increases by {p} percent", "{p} % more {q} than usual"),
    "zh": ("{q}上升{p}%", "{q}增加百分之{p}", "{q}比平时高{p}%"),
}
HELD_OUT_LOWER = {
    "en": ("{q} is reduced by {p} %", "a decrease of {p} percent of {q}", "{q} will be lower by {p} %"),
    "zh": ("{q}降低{p}%", "{q}比平时少{p}%"),
}
HELD_OUT_HIGHER = {
    "en": ("{q} grows by {p} %", "an increase of {p} percent of {q}", "{q} will be higher by {p} %"),
    "zh": ("{q}增长{p}%", "{q}比平时多{p}%"),
}
TRAINED: dict[str, dict[str, tuple[str, ...]]] = {
    "closed": {
        "en": (
            *("the {s} is closed", "the {s} stays closed", "the {s} is shut", "there is a full closure"),
            *("the {s} does not operate", "nothing is running", "the {s} is completely blocked"),
            *("operations are suspended", "the {s} is out of service", "no traffic is allowed"),
            *("the {s} is locked", "production stops", "closed", "all services are stopped"),
        ),
        "zh": (
            *("{s}封闭", "{s}关门", "{s}停运", "全线停业", "工厂停产", "禁止通行", "{s}暂停营业", "{s}关闭"),
            *("全部停工", "{s}停止服务", "道路关闭", "闭馆"),
        ),
    },
    "sensor_off": {
        "en": (
            *("the sensor is switched off", "the meter is off", "the detector is disconnected and reads zero"),
            *("the counter is unplugged", "there are no readings because the sensor is under maintenance"),
            *("the device is powered down", "the meter has no power", "the sensor reads zero"),
        ),
        "zh": (
            *("传感器关闭", "仪表断电", "检测器停用，读数为零", "计数器断开", "设备检修，读数为零", "传感器断电"),
            *("仪表没有读数", "检测器关闭"),
        ),
    },
    "reduction": {
        "en": (
            *("road works", "there are road works", "one lane is closed", "construction reduces traffic"),
            *("only one lane is open", "limited operation", "service is reduced", "a partial closure"),
            *("works on the {s} limit the capacity", "fewer trains run", "a part of the {s} is shut down"),
        ),
        "zh": (
            *("{s}施工", "部分封闭", "减少班次", "只开放一条车道", "限流", "半幅施工", "产能受限", "部分停运"),
            *("施工导致通行能力下降", "一条车道关闭"),
        ),
    },
    "increase": {
        "en": (
            *("a festival brings many visitors", "a big event takes place nearby"),
            *("demand is much higher than usual", "there is extra traffic because of a concert"),
            *("detour traffic comes through here", "a sale attracts many customers"),
            *("many more people come because of a match", "unusually high demand"),
        ),
        "zh": (
            *("附近举办音乐节", "大型活动带来更多客流", "需求明显高于平时", "绕行车辆增多", "促销吸引大量顾客"),
            *("比赛带来额外车流", "演唱会带来大量观众"),
        ),
    },
    "limit": {
        "en": (
            *("at most {n} are possible", "the limit is {n}", "{q} is limited to {n}", "a maximum of {n} applies"),
            *("no more than {n} are allowed", "{q} is capped at {n}", "the capacity is {n}"),
        ),
        "zh": ("上限为{n}", "最多{n}", "{q}不超过{n}", "{q}限制在{n}以内", "容量为{n}", "最大值为{n}"),
    },
    "holiday": {
        "en": (
            *("a public holiday", "it is a bank holiday", "national day, a public holiday", "{h}, a holiday"),
            *("schools and offices are closed for the holiday", "{h}", "public holiday: {h}", "a local holiday"),
        ),
        "zh": ("公共假日", "法定节假日", "{h}放假", "全国放假", "{h}", "节日，按周日安排", "当地节日"),
    },
    "none": {
        "en": (
            *("the weather is fine", "nothing special is planned", "a meeting takes place"),
            *("the works are cancelled", "there is no closure", "the {s} is open as usual"),
            *("operations run normally", "the holiday was moved to another month", "a new manager starts"),
            *("the closure is cancelled", "{q} is as usual", "the sensor works normally"),
        ),
        "zh": (
            *("一切正常", "没有特殊安排", "施工取消", "天气晴朗", "{s}正常开放", "不封闭", "召开会议"),
            *("{q}与平时相同", "传感器工作正常", "活动取消"),
        ),
    },
}
HELD_OUT: dict[str, dict[str, tuple[str, ...]]] = {
    "closed": {
        "en": (
            *("the gates remain shut", "service is completely suspended", "the facility is not operating"),
            *("complete closure of the road", "we do not open", "a shutdown of the whole site"),
        ),
        "zh": ("暂停服务", "道路全面关闭", "门店停止营业", "工厂停工", "车辆禁止通行", "关闭"),
    },
    "sensor_off": {
        "en": ("the meter is switched off for maintenance", "the sensor has no power", "the detector is powered off"),
        "zh": ("仪表停用", "传感器检修，没有读数", "检测设备断电"),
    },
    "reduction": {
        "en": (
            *("lane works with reduced capacity", "construction works limit the service"),
            *("operation is limited", "a lane is blocked by works"),
        ),
        "zh": ("施工，只能通行一条车道", "部分关闭", "班次减少", "道路作业"),
    },
    "increase": {
        "en": (
            "a concert nearby brings extra visitors",
            "more traffic than usual because of a detour",
            "a street party",
        ),
        "zh": ("音乐会带来更多车流", "客流明显增多", "促销活动使需求高于平时"),
    },
    "limit": {
        "en": ("the upper limit is {n}", "{q} may not exceed {n}", "not more than {n} are possible"),
        "zh": ("{q}限制为{n}", "不得超过{n}", "最多允许{n}"),
    },
    "holiday": {
        "en": ("an official holiday", "the holiday of {h}", "everybody has a day off"),
        "zh": ("当天为节日，放假", "法定假期", "{h}假期"),
    },
    "none": {
        "en": ("no road works are planned", "everything runs as usual", "the planned closure was called off"),
        "zh": ("运行正常", "封闭已取消", "没有施工"),
    },
}
HOLIDAYS = {
    "en": (
        *("New Year's Day", "Christmas Day", "Boxing Day", "Good Friday", "Easter Monday", "Labor Day"),
        *("Independence Day", "Memorial Day", "Thanksgiving", "Veterans Day", "Columbus Day", "Australia Day"),
        *("Presidents Day", "Martin Luther King Day", "Anzac Day", "Queen's Birthday", "Carnival", "Founders Day"),
    ),
    "zh": ("国庆节", "春节", "元旦", "劳动节", "端午节", "中秋节", "清明节", "圣诞节"),
}
FRAMES = {
    "en": (
        "{t}, {e}.",
        "{e} {t}.",
        "{e} {t}",
        "Note: {e} {t}.",
        "{t}: {e}",
        "Please note that {t} {e}.",
        "{e}, {t}.",
    ),
    "zh": ("{t}{e}。", "{t}{e}", "通知：{t}{e}。", "{t}，{e}。", "{e}，时间：{t}。", "请注意，{t}{e}。"),
}
HELD_OUT_FRAMES = {
    "en": ("We inform you that {t} {e}.", "Time: {t}. Event: {e}.", "According to the plan, {e} {t}."),
    "zh": ("据通知，{t}{e}。", "因故{t}{e}。", "事件：{e}；时间：{t}。"),
}


def trained_texts() -> Iterator[str]:
    """The parts of all sentences of the training, without placeholders."""

    def texts(part: Any) -> Iterator[str]:
        if isinstance(part, str):
            yield re.sub(r"\{.\}", " ", part)
        else:
            for inner in part.values() if isinstance(part, dict) else part:
                yield from texts(inner)

    clauses = (TRAINED, FACTOR_WORDS, LOWER, HIGHER, QUANTITIES, SUBJECTS, HOLIDAYS)
    return texts((*clauses, FRAMES, MONTHS, WEEKDAYS, NUMBER_WORDS))


@dataclass(frozen=True)
class Wording:
    """One sentence about an event.

    Attributes
    ----------
    text : str
    language : str
        ``en`` or ``zh``.
    has_time : bool
        Whether the sentence says when the event is.
    """

    text: str
    language: str
    has_time: bool


def _choose(rng: Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]


def _count(rng: Generator, number: int, language: str) -> str:
    """A number in digits or, up to ten, as a word."""
    if number > 10 or rng.random() < 0.5:
        return str(number)
    return NUMBER_WORDS[number] if language == "en" else ("两" if number == 2 else CHINESE_NUMBERS[number])


def _day_english(rng: Generator, day: date, now: date, held_out: bool, alone: bool) -> tuple[str, str]:
    """A day, with the preposition that stands before it in "closed on Monday"; it may be empty.

    `alone` is False where another preposition stands before the day.
    """
    offset, weekday, month = (day - now).days, WEEKDAYS[day.weekday()], MONTHS[day.month - 1]
    relative = {
        0: "today", 1: "tomorrow", -1: "yesterday", 2: "the day after tomorrow", -2: "the day before yesterday"
    }  # fmt: skip
    ordinal = {1: "1st", 2: "2nd", 3: "3rd", 21: "21st", 22: "22nd", 23: "23rd", 31: "31st"}.get(
        day.day, f"{day.day}th"
    )
    options = [
        ("on", f"{day.day} {month}"),
        ("on", f"{month} {day.day}"),
        ("on", day.isoformat()),
        ("on", f"{weekday} {day.day} {month}"),
        ("on", f"{day.day} {month[:3]} {day.year}"),
    ]
    if held_out:
        options = [
            ("on", f"{weekday}, {month} {day.day}"),
            ("on", f"the {ordinal} of {month}"),
            ("on", f"{day.day} {month} {day.year}"),
        ]
    if offset in relative:
        options += [("", relative[offset])] * 4
    if 1 <= offset <= 7:
        options += [("on", weekday), ("on", f"the coming {weekday}" if held_out else f"next {weekday}")] * 2
    if -7 <= offset <= -1:
        options += [("", f"last {weekday}")] * 2
    if alone and 2 <= offset <= 14:
        options += [("", f"in {_count(rng, offset, 'en')} days")] * 2
    if alone and -14 <= offset <= -2:
        options += [("", f"{_count(rng, -offset, 'en')} days ago")]
    return options[int(rng.integers(len(options)))]


def _day_chinese(rng: Generator, day: date, now: date, held_out: bool, alone: bool) -> tuple[str, str]:
    offset, weekday = (day - now).days, CHINESE_NUMBERS[(day.weekday() + 1) % 7]
    relative = {0: "今天", 1: "明天", -1: "昨天", 2: "后天", -2: "前天"}
    options = [f"{day.month}月{day.day}日", f"{day.year}年{day.month}月{day.day}日", day.isoformat()]
    if held_out:
        options = [f"{day.month}月{day.day}号", f"{day.month}月{day.day}日（周{weekday}）"]
    if offset in relative:
        options += [relative[offset]] * 3
    if 1 <= offset <= 7:
        options += [f"下一个周{weekday}"] if held_out else [f"周{weekday}", f"星期{weekday}"] * 2
    if -7 <= offset <= -1:
        options += [f"上一个周{weekday}"] if held_out else [f"上个周{weekday}", f"刚过去的星期{weekday}"]
    if 2 <= offset <= 14:
        options += [f"{_count(rng, offset, 'zh')}天后"] * 2
    if -14 <= offset <= -2:
        options += [f"{_count(rng, -offset, 'zh')}天前"]
    return "", options[int(rng.integers(len(options)))]


DAYS: dict[str, Callable[[Generator, date, date, bool, bool], tuple[str, str]]] = {
    "en": _day_english,
    "zh": _day_chinese,
}


def _clock(rng: Generator, hour: int, style: int, language: str) -> str:
    """An hour of the day in one of three styles."""
    if style == 0:
        return f"{hour:02d}:00"
    if language == "zh":
        half = "上午" if hour < 12 else "下午"
        return f"{hour}点" if style == 1 else f"{half}{hour if hour <= 12 else hour - 12}点"
    return str(hour) if style == 1 else f"{(hour - 1) % 12 + 1} {'am' if hour % 24 < 12 else 'pm'}"


def _hours(rng: Generator, event: Event, language: str, held_out: bool) -> str:
    style = int(rng.integers(3))
    if held_out:
        style = 0 if style == 1 else style
    first, last = (_clock(rng, hour, style, language) for hour in (event.first_hour, event.last_hour))
    if language == "zh":
        return f"{first}至{last}" if held_out else f"{first}{_choose(rng, ('到', '-'))}{last}"
    if held_out:
        return f"{first} until {last}"
    unit = " o'clock" if style == 1 else ""
    return _choose(
        rng, (f"from {first} to {last}{unit}", f"between {first} and {last}{unit}", f"{first}-{last}{unit}")
    )


def _join(first: str, second: str) -> str:
    """Join two parts of a Chinese phrase, with a space between two digits."""
    return f"{first} {second}" if first[-1].isdigit() and second[0].isdigit() else first + second


def time_phrase(rng: Generator, event: Event, now: date, language: str, held_out: bool) -> str:
    """Say when the event is, absolutely or relative to the day `now`."""
    alone = event.first_day == event.last_day
    day = lambda number: DAYS[language](rng, event.date(number), now, held_out, alone)  # noqa: E731
    preposition, first = day(event.first_day)
    english = language == "en"
    at_first, at_last = "", ""
    if not event.daily and not event.whole_days:
        at_first, at_last = (
            " " + _clock(rng, hour, 0 if english else int(rng.integers(2)), language)
            for hour in (event.first_hour, event.last_hour)
        )
    if event.last_day is None:
        if english:
            starts: tuple[str, ...] = (
                ("from {d} on", "starting {d}", "as of {d}")
                if not held_out
                else ("beginning {d}", "from {d} onwards")
            )
            if (event.date(event.first_day) - now).days < 0:
                starts = ("since {d}",)
            return _choose(rng, starts).format(d=first + at_first)
        starts = ("从{d}起", "自{d}开始") if not held_out else ("{d}开始", "自{d}起")
        return _choose(rng, starts).format(d=first + at_first)
    length = event.last_day - event.first_day
    if length == 0:
        if event.whole_days:
            whole = _choose(rng, ("", "", " all day")) if english else _choose(rng, ("", "", "全天"))
            return f"{preposition} {first}{whole}".strip()
        hours = _hours(rng, event, language, held_out)
        joined = f"{preposition} {first} {hours}".strip()
        return _choose(rng, (joined, f"{hours} {preposition} {first}")) if english else _join(first, hours)
    last = day(event.last_day)[1]
    if english:
        spans = [f"from {first}{at_first} to {last}{at_last}", f"between {first}{at_first} and {last}{at_last}"]
        if held_out:
            spans = [
                f"from {first}{at_first} until {last}{at_last}",
                f"from {first}{at_first} through {last}{at_last}",
            ]
        if not at_first:
            spans.append(f"for {_count(rng, length + 1, language)} days from {first}")
    else:
        spans = [f"从{first}{at_first}到{last}{at_last}", f"{first}{at_first}至{last}{at_last}"]
        if held_out:
            spans = [f"自{first}{at_first}至{last}{at_last}"]
        if not at_first:
            spans.append(f"{first}起{_count(rng, length + 1, language)}天")
    span = _choose(rng, tuple(spans))
    if not event.daily or event.whole_days:
        return span
    hours = _hours(rng, event, language, held_out)
    if english:
        return f"{span}, {_choose(rng, ('daily', 'each day', 'every day'))} {hours}"
    return f"{span}每天{hours}"


def clause(rng: Generator, event: Event, language: str, held_out: bool) -> str:
    """Say what happens, without the time."""
    if event.kind == "factor":
        words = HELD_OUT_FACTOR_WORDS if held_out else FACTOR_WORDS
        if event.factor in words and rng.random() < 0.8:
            template = _choose(rng, words[event.factor][language])
        elif event.factor < 1:
            template = _choose(rng, (HELD_OUT_LOWER if held_out else LOWER)[language])
        elif event.factor < 2:
            template = _choose(rng, (HELD_OUT_HIGHER if held_out else HIGHER)[language])
        else:
            template = _choose(rng, words[event.factor][language])
    else:
        template = _choose(rng, (HELD_OUT if held_out else TRAINED)[event.kind][language])
    return template.format(
        q=_choose(rng, QUANTITIES[language]),
        s=_choose(rng, SUBJECTS[language]),
        h=_choose(rng, HOLIDAYS[language]),
        p=round(100 * abs(event.factor - 1)),
        n=event.limit_text,
    )


def write_sentence(
    rng: Generator, event: Event, now: date, *, held_out: bool = False, with_time: bool = True
) -> Wording:
    """Write a sentence about an event in English or Chinese.

    Parameters
    ----------
    rng : Generator
    event : Event
    now : date
        The day to which words such as "tomorrow" refer.
    held_out : bool
        Use the wordings that are reserved for tests.
    with_time : bool
        Whether the sentence says when the event is.
    """
    language = "en" if rng.random() < 0.5 else "zh"
    what = clause(rng, event, language, held_out)
    if not with_time:
        return Wording(what, language, False)
    when = time_phrase(rng, event, now, language, held_out)
    frame = _choose(rng, (HELD_OUT_FRAMES if held_out else FRAMES)[language])
    text = frame.format(t=when, e=what)
    return Wording(text[0].upper() + text[1:], language, True)
