import { createHash } from "node:crypto";

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

/** Stands for the SHA-1 of the file with that number. */
export function hashOfNumber(number: number): string {
  return md5(String(number)) + md5(`${number}:`).slice(0, 8);
}

export function sizeOfNumber(number: number): number {
  return 1000 + (number % 5000);
}

/** The same in SQL. */
export const HASH_SQL = "md5(n::text) || left(md5(n || ':'), 8)";
export const SIZE_SQL = "1000 + n % 5000";
