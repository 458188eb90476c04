/** Regions without a zone a. Source: https://cloud.google.com/compute/docs/regions-zones */
const ZONE_LETTERS: Readonly<Record<string, readonly string[]>> = {
  "europe-west1": ["b", "c", "d"],
  "us-east1": ["b", "c", "d"],
};

/** The zones of a region in which a site is where it names none. */
export function zonesOf(region: string): string[] {
  return (ZONE_LETTERS[region] ?? ["a", "b", "c"]).map((letter) => `${region}-${letter}`);
}
