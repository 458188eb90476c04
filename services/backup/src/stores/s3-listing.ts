import type { ObjectInfo, ObjectVersion } from "./store";

/** An object of a listing, as the server names it. */
export interface ListedObject {
  readonly Key?: string;
  readonly Size?: number;
  readonly LastModified?: Date;
  readonly ETag?: string;
}

/** A page of a listing. */
export interface ListingPage {
  readonly objects: readonly ListedObject[];
  /** Of the next page. */
  readonly token?: string;
}

const START = Buffer.from("<Contents>");

/**
 * Reads the answer to ListObjectsV2; nothing where it is not one. A parser of all XML takes fifty times as long, and a text
 * of the whole page, of which each key is a part, stays in memory until much more has gathered.
 */
export function parseListing(xml: Buffer): ListingPage | undefined {
  const first = xml.indexOf(START);
  const around = first === -1 ? xml.toString("utf8") : xml.toString("utf8", 0, first) + endOf(xml);
  const isTruncated = element(around, "IsTruncated");
  if (isTruncated === undefined || !around.trimEnd().endsWith("</ListBucketResult>")) return undefined;
  const objects: ListedObject[] = [];
  for (let at = first; at !== -1; ) {
    const next = xml.indexOf(START, at + START.length);
    const text = xml.toString("utf8", at, next === -1 ? undefined : next);
    const [key, size, lastModified] = [element(text, "Key"), element(text, "Size"), element(text, "LastModified")];
    if (key === undefined || size === undefined || lastModified === undefined) return undefined;
    objects.push({
      Key: key,
      Size: Number(size),
      LastModified: new Date(lastModified),
      ETag: element(text, "ETag") ?? "",
    });
    at = next;
  }
  const token = isTruncated === "true" ? element(around, "NextContinuationToken") : undefined;
  if (isTruncated === "true" && token === undefined) return undefined;
  return { objects, token };
}

/** What comes after the last object. */
function endOf(xml: Buffer): string {
  const end = "</Contents>";
  return xml.toString("utf8", xml.lastIndexOf(end) + end.length);
}

interface ListedVersion extends ListedObject {
  readonly VersionId?: string;
  readonly IsLatest?: boolean;
}

/** Versions and delete markers of a page, of each key the newest first. */
export function versionsOfPage(
  {
    Versions = [],
    DeleteMarkers = [],
  }: { Versions?: readonly ListedVersion[]; DeleteMarkers?: readonly ListedVersion[] },
  info: (object: ListedObject) => ObjectInfo,
): readonly ObjectVersion[] {
  const describe = (version: ListedVersion, isDeleteMarker: boolean): ObjectVersion => ({
    ...info(version),
    versionId: version.VersionId ?? "",
    isLatest: version.IsLatest === true,
    isDeleteMarker,
  });
  return [
    ...Versions.map((version) => describe(version, false)),
    ...DeleteMarkers.map((marker) => describe(marker, true)),
  ].sort((a, b) => {
    if (a.key !== b.key) return a.key < b.key ? -1 : 1;
    return Number(b.isLatest) - Number(a.isLatest) || b.lastModified.getTime() - a.lastModified.getTime();
  });
}

/** Text of the first element of that name. */
export function element(xml: string, name: string): string | undefined {
  const start = xml.indexOf(`<${name}>`);
  if (start === -1) return undefined;
  const from = start + name.length + 2;
  const end = xml.indexOf("</", from);
  return end === -1 ? undefined : withoutEntities(xml.slice(from, end));
}

const QUOTE = "&quot;";
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function withoutEntities(text: string): string {
  if (!text.includes("&")) return text;
  // As every ETag is: quoted, and nothing else.
  if (
    text.startsWith(QUOTE) &&
    text.indexOf("&", QUOTE.length) === text.length - QUOTE.length &&
    text.endsWith(QUOTE)
  ) {
    return `"${text.slice(QUOTE.length, -QUOTE.length)}"`;
  }
  return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hexadecimal, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hexadecimal !== undefined) return String.fromCodePoint(Number.parseInt(hexadecimal, 16));
    return ENTITIES[name] ?? whole;
  });
}
