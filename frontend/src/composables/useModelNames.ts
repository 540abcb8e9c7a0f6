import { useModelOptions } from "@/api/training";
import { useWords } from "@/i18n";

/** Names in the language of the page; a model without words in it has the title that the service gives it. */
export function useModelNames() {
  const { optional } = useWords();
  const { data: models } = useModelOptions();
  return {
    /** The name of a kind of model, such as "Seasonal naive". */
    kindName: (kind: string): string => optional(`train.model.${kind}.title`) ?? models.value?.find((model) => model.model === kind)?.title ?? kind,
    /** The name of a method that forecasts without a training run. */
    methodName: (method: string): string =>
      optional(`forecast.form.method.${method}`) ?? models.value?.find((model) => model.untrained?.method === method)?.untrained?.title ?? method,
  };
}
