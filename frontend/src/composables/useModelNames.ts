import { useModelOptions } from "@/api/training";
import { useWords } from "@/i18n";

/** Names in the language of the page; a model without words in it has the title that the service gives it. */
export function useModelNames() {
  const { t, optional, plural, isChinese } = useWords();
  const { data: models } = useModelOptions();
  const titleOf = (kind: string): string | undefined => models.value?.find((model) => model.model === kind)?.title;

  /** "3 members" or "horizon 48" in the language of the page. */
  function settingName(text: string): string {
    const minutes = /^([\d.]+) min$/.exec(text)?.[1];
    if (minutes !== undefined) return plural("search.minutes", Number(minutes));
    const [, before = "", words = "", after = ""] = /^(-?[\d.]+ )?(.*?)( [^ ]+)?$/.exec(text) ?? [];
    const label = (name: string): string | undefined => {
      const key = name.trim().replaceAll(" ", "_");
      return optional(`train.field.${key}`) ?? optional(`help.label.${key}`) ?? optional(`help.label.num_${key}`) ?? optional(`train.effort.${key}`);
    };
    const whole = label(words + after);
    if (whole !== undefined) return before === "" ? whole : `${whole} ${before.trim()}`;
    const known = label(words);
    return known === undefined ? text : `${known}${after}`;
  }

  const isNamedAfter = (name: string, title: string): boolean => new RegExp(`^${escaped(title)}(, | \\(\\d+\\)$|$)`).test(name);
  /** The kind of the longest title with which a name begins. */
  const kindOf = (name: string): string | undefined =>
    models.value?.filter((model) => isNamedAfter(name, model.title)).sort((a, b) => b.title.length - a.title.length)[0]?.model;

  /** The name of what a method forecasts with, without a training run. */
  const untrainedName = (method: string): string =>
    optional(`forecast.form.method.${method}`) ?? models.value?.find((model) => model.untrained?.method === method)?.untrained?.title ?? method;

  return {
    /**
     * The name of a model. Without a name from a user, it consists of the kind of the model and of the settings that differ.
     * Where the kind is not known, it is read from the name.
     */
    modelName: ({ name, kind = kindOf(name) ?? "" }: { name: string; kind?: string }): string => {
      const title = titleOf(kind);
      if (!isChinese.value || title === undefined || !isNamedAfter(name, title)) return name;
      const [, settings = "", count = ""] = /^(.*?)( \(\d+\))?$/.exec(name.slice(title.length)) ?? [];
      const parts = settings.split(", ").filter((part) => part !== "");
      return [optional(`train.model.${kind}.title`) ?? title, ...parts.map(settingName)].join("，") + count;
    },
    /** The name of a kind of model, such as "Seasonal naive". */
    kindName: (kind: string): string => optional(`train.model.${kind}.title`) ?? models.value?.find((model) => model.model === kind)?.title ?? kind,
    /** The label of a run, such as "lstm" or "qwen [nano]", with the name of its kind. */
    runName: (label: string): string => label.replace(/^[\w/-]+/, (kind) => optional(`train.model.${kind}.title`) ?? titleOf(kind) ?? kind),
    untrainedName,
    /** The name of a method that forecasts without a training run, which says so. */
    methodName: (method: string): string => t("forecast.form.untrained", { name: untrainedName(method) }),
  };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
