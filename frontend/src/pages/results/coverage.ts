/** How far the observed coverage may be from the nominal one to be called about right; as in report.html. */
const TOLERANCE = 0.04;

export function judgeCoverage(observed: number, nominal: number): "narrow" | "wide" | "right" {
  if (Math.abs(observed - nominal) <= TOLERANCE) return "right";
  return observed < nominal ? "narrow" : "wide";
}
