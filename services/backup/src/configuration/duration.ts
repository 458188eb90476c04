const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** Seconds of a text such as `90s`, `15m`, `2h`, `7d`, `1d12h`; nothing where it is no such text. */
export function secondsOf(text: string): number | undefined {
  if (!/^([0-9]+[smhdw])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, figure, unit = ""] of text.matchAll(/([0-9]+)([smhdw])/g)) {
    seconds += Number(figure) * (UNITS[unit] ?? Number.NaN);
  }
  return seconds;
}
