import { useWords } from ".";

/** What a form and a chart show for a value of a setting; the value itself where it is a name or a number. */
export function settingValue(key: string, value: string): string {
  const { t, optional } = useWords();
  const name = key.split(".").at(-1) ?? key;
  const words = optional(`help.value.${name}.${value}`) ?? optional(`data.choice.${name}.${value}`);
  if (words !== undefined) return words;
  const general = { true: t("common.yes"), false: t("common.no"), auto: t("common.automatic"), none: t("common.none") };
  return value in general ? general[value as keyof typeof general] : value;
}
