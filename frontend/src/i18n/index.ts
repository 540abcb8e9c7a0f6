import { computed, readonly, ref, shallowRef } from "vue";
import { createI18n } from "vue-i18n";

import { withSpaces } from "./spacing";
import type { WordKey, Words } from "./types";

export type Language = "en" | "zh";
export type Values = Record<string, unknown>;

/** A parameter in a template of Python: its name, `!r` if it is quoted, and a format, which is for texts outside of the page. */
const PARAMETER = /\{(\w+)(!r)?(?::[^}]*)?\}/g;
const STORAGE_KEY = "timevis-language";
const loaders: Record<Language, () => Promise<{ default: Words }>> = {
  en: () => import("./en"),
  zh: () => import("./zh"),
};

export const i18n = createI18n({ legacy: false, locale: "en", fallbackLocale: false, messages: {} as Record<string, Words> });

const current = ref<Language>("en");

/** The stored language, else the first of the browser that TimeVis has, else English. */
export function initialLanguage(stored: string | null, wanted: readonly string[]): Language {
  if (stored === "en" || stored === "zh") return stored;
  for (const tag of wanted) {
    if (tag.toLowerCase().startsWith("zh")) return "zh";
    if (tag.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

export function storedLanguage(): Language {
  return initialLanguage(localStorage.getItem(STORAGE_KEY), navigator.languages);
}

/** Show the page in a language. Its words for the messages of the service are waited for, unless it is the first view. */
export async function setLanguage(language: Language, isFirstView = false): Promise<void> {
  if (!i18n.global.availableLocales.includes(language)) {
    i18n.global.setLocaleMessage(language, (await loaders[language]()).default);
  }
  i18n.global.locale.value = language;
  if (!isFirstView) await loadServiceWords(language);
  current.value = language;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  localStorage.setItem(STORAGE_KEY, language);
}

const serviceWords = shallowRef<Record<string, string>>();

/** Load the words for messages of the service. English has none: the service sends its own sentences, which are English. */
export async function loadServiceWords(language = current.value): Promise<void> {
  if (language === "en" || serviceWords.value) return;
  serviceWords.value = (await import("./zh/service")).default;
}

/** A message of the service by its code; undefined in English, and where a word or a value is missing. */
function serviceMessage(code: string, values: Values = {}): string | undefined {
  const template = current.value === "zh" ? serviceWords.value?.[code] : undefined;
  if (template === undefined || [...template.matchAll(PARAMETER)].some(([, name]) => !((name as string) in values))) return undefined;
  return withSpaces(
    (given) => template.replace(PARAMETER, (_, name: string, isQuoted?: string) => (isQuoted ? `'${String(given[name])}'` : String(given[name]))),
    values,
  );
}

function filled(make: (values: Values) => string, values: Values = {}): string {
  return current.value === "zh" ? withSpaces(make, values) : make(values);
}

function translate(key: WordKey, values?: Values): string {
  return filled((given) => i18n.global.t(key, given), values);
}

/** A text whose form depends on a count, written as `one | many` in English. */
function plural(key: WordKey, count: number, values?: Values): string {
  return filled((given) => i18n.global.t(key, given, count), { n: formatNumber(count), count, ...values });
}

/** A name and what belongs to it, with the colon of the language: "Window: load". */
function named(name: string, text = ""): string {
  return current.value === "zh" ? `${name}：${text}` : `${name}: ${text}`.trimEnd();
}

/** A text whose key is only known at run time, such as the name of a state; undefined if no text has this key. */
function optional(key: string, values?: Values): string | undefined {
  return i18n.global.te(key, current.value) ? filled((given) => i18n.global.t(key, given), values) : undefined;
}

function tag(): string {
  return current.value === "zh" ? "zh-CN" : "en-GB";
}

const numberFormats = new Map<string, Intl.NumberFormat>();

/** A formatter of numbers. A table has thousands of numbers, and making a formatter takes longer than using it. */
function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = tag() + JSON.stringify(options);
  const found = numberFormats.get(key) ?? new Intl.NumberFormat(tag(), options);
  numberFormats.set(key, found);
  return found;
}

/** A number with at most `digits` significant digits, and a dash for one that does not exist. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const whole = Number.isInteger(value);
  return numberFormat(whole ? {} : { maximumSignificantDigits: digits }).format(value);
}

export function formatPercent(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return numberFormat({ style: "percent", maximumFractionDigits: digits }).format(value);
}

const BYTE_UNITS = ["B", "KB", "MB", "GB", "TB"] as const;

export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${formatNumber(bytes / 1000 ** power, 3)} ${BYTE_UNITS[power] ?? "B"}`;
}

/** A duration in the largest two units that matter: "4 s", "3 min 20 s", "2 h 5 min". */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const [h, m, s] = current.value === "zh" ? ["小时", "分", "秒"] : ["h", "min", "s"];
  if (seconds < 10) return `${formatNumber(Math.round(seconds * 10) / 10)} ${s}`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${String(whole)} ${s}`;
  if (whole < 3600) {
    const rest = whole % 60;
    return `${String(Math.floor(whole / 60))} ${m}${rest && whole < 600 ? ` ${String(rest)} ${s}` : ""}`;
  }
  const minutes = Math.round(whole / 60);
  const rest = minutes % 60;
  return `${String(Math.floor(minutes / 60))} ${h}${rest ? ` ${String(rest)} ${m}` : ""}`;
}

/** A duration that is only estimated, without the digits that are not known: "10 s", "2 min", "3 h". */
export function formatRoughDuration(seconds: number): string {
  if (seconds < 60) return formatDuration(Math.max(5, Math.ceil(seconds / 5) * 5));
  if (seconds < 3600) return formatDuration(Math.round(seconds / 60) * 60);
  return formatDuration(Math.round(seconds / 1800) * 1800);
}

const SPANS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** The length of a stretch of data in the largest unit that counts it wholly: "1 day", "36 hours". */
export function formatSpan(seconds: number): string {
  const [unit, size] = SPANS.find(([, length]) => seconds >= length && seconds % length === 0) ?? ["second", 1];
  return numberFormat({ style: "unit", unit, unitDisplay: "long" }).format(seconds / size);
}

/** A moment on the clock of the reader, from seconds since 1970. */
export function formatMoment(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–";
  return new Intl.DateTimeFormat(tag(), { dateStyle: "medium", timeStyle: "short" }).format(seconds * 1000);
}

/** A timestamp of the data as it is written there, without a conversion between time zones. */
export function formatTimestamp(iso: string | null | undefined): string {
  if (!iso) return "–";
  const text = iso.replace("T", " ").replace(/([+-]\d\d:?\d\d|Z)$/, "");
  return text
    .replace(/(\.\d+)$/, "")
    .replace(/ 00:00(:00)?$/, "")
    .replace(/(:\d\d):00$/, "$1");
}

/** Texts and formats of the chosen language; everything returned follows a change of language. */
export function useWords() {
  return {
    t: translate,
    plural,
    optional,
    serviceMessage,
    named,
    language: readonly(current),
    isChinese: computed(() => current.value === "zh"),
    formatNumber,
    formatPercent,
    formatBytes,
    formatDuration,
    formatRoughDuration,
    formatSpan,
    formatMoment,
    formatTimestamp,
  };
}
