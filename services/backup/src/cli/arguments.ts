import { InvalidArgumentError } from "commander";
import { secondsOf } from "../configuration/duration";
import { retentionSchema } from "../configuration/retention";
import { shareOf } from "../configuration/schema";
import { ULID } from "../repository/layout";

/** Seconds. */
export function duration(text: string): number {
  const seconds = secondsOf(text);
  if (seconds === undefined) throw new InvalidArgumentError("It must be a time such as 90s, 15m, 2h, 7d or 1d12h.");
  return seconds;
}

/** A share of 1. */
export function percentage(text: string): number {
  const share = shareOf(text);
  if (share === undefined) throw new InvalidArgumentError("It must be a share such as 5%.");
  return share;
}

export function wholeNumber(text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

export function port(text: string): number {
  const number = wholeNumber(text);
  if (number < 1 || number > 65_535) throw new InvalidArgumentError("It must be a port, 1 to 65535.");
  return number;
}

export function keepWithin(text: string): string {
  if (retentionSchema.shape.keepWithin.safeParse(text).success) return text;
  throw new InvalidArgumentError("It must be years, months, days and hours, such as 1y5m7d2h.");
}

export function webAddress(text: string): string {
  if (/^https?:\/\/[^\s/?#]+(\/[^\s?#]*[^\s?#/])?$/.test(text)) return text;
  throw new InvalidArgumentError(
    "It must be an address without a slash at its end, such as https://moodle.example.edu.",
  );
}

/** A ULID, in any case. */
export function snapshotId(text: string): string {
  const id = text.toUpperCase();
  if (!ULID.test(id))
    throw new InvalidArgumentError("It must be the id of a snapshot, as `moodle-backup list` shows it.");
  return id;
}

export function snapshotIds(text: string, previous: readonly string[] = []): string[] {
  return [...previous, snapshotId(text)];
}

/** A ULID, or `latest`. */
export function snapshotIdOrLatest(text: string): string {
  return text === "latest" ? text : snapshotId(text);
}

/** An option that may be given several times. */
export function collect(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}
