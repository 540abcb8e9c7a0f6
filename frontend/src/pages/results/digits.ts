/** One character of a text of digits, with the place of the digit within its value; 0 for other characters. */
export interface PlacedDigit {
  text: string;
  place: number;
}

/** The values of a text such as `512 498 -`, each as its digits with their places: 1 is the leftmost digit. */
export function placedDigits(text: string): PlacedDigit[][] {
  return text
    .split(/[\s,;]+/)
    .filter((value) => value !== "")
    .map((value) => {
      let place = 0;
      return [...value].map((character) => {
        if (!/\d/.test(character)) return { text: character, place: 0 };
        place += 1;
        return { text: character, place };
      });
    });
}

export function mostPlaces(values: readonly PlacedDigit[][]): number {
  return values.flat().reduce((most, digit) => Math.max(most, digit.place), 0);
}
