"""The tokenizer of the nano backbone: tokens for digits, for the words of prompts, and for bytes."""

from __future__ import annotations

import json

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL_TOKENS = ("<|end|>", "<|pad|>", "<|begin|>", "<|mask|>")
MAX_DIGITS_PER_VALUE = 4
NUM_SUBWORD_IDS = 480
"""Ids of special tokens, bytes and their merges; the ids of whole words follow."""

PROMPT_WORDS = """
forecast predict next future past last previous value values series time data window step steps history context
hour hours hourly day days daily week weeks weekly weekend weekday month months year years minute minutes second
every each per at on in of the a an and or to from for with is are was were be by it its this that then now
Monday Tuesday Wednesday Thursday Friday Saturday Sunday Mon Tue Wed Thu Fri Sat Sun
January February March April May June July August September October November December
morning noon afternoon evening night midnight holiday season seasonal spring summer autumn winter
traffic volume vehicles vehicle road highway westbound flow speed occupancy sensor lane cars count station
electricity load power demand consumption energy client clients kilowatt kilowatts kWh kW MW grid transformer oil
useful useless high low middle mean average total
weather temperature dew point pressure wind cumulated rain snow humidity air cloud degrees Celsius hPa m/s Beijing
pollution concentration PM2.5 unit units channel domain dataset description frequency period rows length horizon
level range trend rising falling flat stable steady strong weak peak peaks trough minimum maximum min max
between around about above below over under near up down more less than same usual typical normal noise noisy
digits digit number numbers scaled written fixed width places task answer target input output given here
starts ends start end first observed measured known unknown missing other generic sales price users requests
TEMP DEWP PRES Iws OT HUFL HULL MUFL MULL LUFL LULL load traffic_volume value count
"""
CHINESE_CHARACTERS = """
交通流量小时分钟秒天周星期一二三四五六七八九十日月年的是在到从每数据值序列预测未
来过去上下文单位频率描述领域通道步长水平范围趋势升降高低平稳峰谷最大中均气温度露
点压风速累计湿雨雪污染浓度电力负荷能耗客户变器油有无功工作末假节季早晚夜午道路车
辆口传感与和为其他时间开始结束目标输出入
"""


def place_token(place: int, digit: int) -> str:
    """The token of a digit at a decimal place of a value; place 0 is the most significant."""
    return f"<{place}:{digit}>"


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Build the tokenizer; the result is always the same.

    It is a byte-level BPE tokenizer, as in GPT-2 and Qwen, so any Unicode text can be encoded and decoded without
    loss. Each of `PROMPT_WORDS` is one token, with or without a space before it, and so is each of
    `CHINESE_CHARACTERS`. Each digit of a text is one token. The digits of values have other tokens, ten for each
    decimal place (`place_token`), because hundreds and units have different meanings for a small model.
    """
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words = sorted({piece for word in PROMPT_WORDS.split() for piece, _ in byte_level.pre_tokenize_str(word)})
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Split(Regex(r"\p{Han}"), "isolated"),
            byte_level,
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=NUM_SUBWORD_IDS,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator([f"{word} {word} {word}" for word in PROMPT_WORDS.split()], trainer)
    learned = json.loads(tokenizer.to_str())["model"]
    vocabulary = dict(learned["vocab"])
    chinese = [
        piece
        for character in sorted(set("".join(CHINESE_CHARACTERS.split())))
        for piece, _ in byte_level.pre_tokenize_str(character)
    ]
    for piece in [variant for word in words for variant in (word, "Ġ" + word)] + chinese:
        vocabulary.setdefault(piece, len(vocabulary))
    merges = [(left, right) for left, right in learned["merges"]]
    tokenizer.model = models.BPE(vocabulary, merges, ignore_merges=True)  # a whole word is looked up before any merge
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=SPECIAL_TOKENS[0],
        pad_token=SPECIAL_TOKENS[1],
        bos_token=SPECIAL_TOKENS[2],
        mask_token=SPECIAL_TOKENS[3],
        clean_up_tokenization_spaces=False,
    )
    places = [place_token(place, digit) for place in range(MAX_DIGITS_PER_VALUE) for digit in range(10)]
    fast.add_tokens(places, special_tokens=True)
    return fast
