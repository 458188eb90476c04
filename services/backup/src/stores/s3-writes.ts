import type { IncomingHttpHeaders } from "node:http";
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  type PutObjectCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { element } from "./s3-listing";
import type { QuickRequest, QuickRequests } from "./s3-quick";
import type { Checksum } from "./store";

/** Where an object is written, and how it is kept. */
export type Target = Pick<
  PutObjectCommandInput & CopyObjectCommandInput,
  | ("Bucket" | "Key")
  | ("ObjectLockMode" | "ObjectLockRetainUntilDate")
  | ("ServerSideEncryption" | "SSEKMSKeyId" | "BucketKeyEnabled")
>;

/** Has the server copy an object. Gives the SHA-1 that it computed, in base64; with a number of parts behind it, it is one of checksums. */
export async function copyObject(
  { quick, client, patience }: { quick: QuickRequests; client: S3Client; patience: number },
  { CopySource, ...target }: Target & Pick<CopyObjectCommandInput, "CopySource">,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const headers = {
    "x-amz-copy-source": CopySource ?? "",
    "x-amz-checksum-algorithm": "SHA1",
    "x-amz-tagging-directive": "REPLACE",
    ...headersOf(target),
  };
  const answer = await quick.send({ method: "PUT", key: target.Key, headers, patience, signal });
  if (answer !== undefined) return element(answer.content.toString("utf8"), "ChecksumSHA1");
  const copying = { CopySource, ChecksumAlgorithm: "SHA1", TaggingDirective: "REPLACE" } as const;
  const { CopyObjectResult } = await client.send(new CopyObjectCommand({ ...target, ...copying }), {
    abortSignal: signal,
  });
  return CopyObjectResult?.ChecksumSHA1;
}

/** Writes an object that the server compares with its checksum. Gives what the server says; nothing where the SDK is to do it. */
export async function putQuickly(
  quick: QuickRequests,
  target: Target,
  content: Uint8Array,
  checksum: Checksum,
  { patience, signal }: Pick<QuickRequest, "patience" | "signal">,
): Promise<IncomingHttpHeaders | undefined> {
  const headers = {
    [`x-amz-checksum-${checksum.algorithm}`]: base64Of(checksum),
    ...headersOf(target),
  };
  const answer = await quick.send({ method: "PUT", key: target.Key, headers, content, patience, signal });
  return answer?.headers;
}

/** The server compares too. */
export function checksumOf(
  checksum: Checksum | undefined,
): Pick<PutObjectCommandInput, "ChecksumSHA1" | "ChecksumSHA256"> {
  if (checksum === undefined) return {};
  return checksum.algorithm === "sha1" ? { ChecksumSHA1: base64Of(checksum) } : { ChecksumSHA256: base64Of(checksum) };
}

function base64Of({ value }: Checksum): string {
  return Buffer.from(value, "hex").toString("base64");
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
function headersOf(target: Target): Record<string, string> {
  const headers: Record<string, string | undefined> = {
    "x-amz-object-lock-mode": target.ObjectLockMode,
    "x-amz-object-lock-retain-until-date": target.ObjectLockRetainUntilDate?.toISOString(),
    "x-amz-server-side-encryption": target.ServerSideEncryption,
    "x-amz-server-side-encryption-aws-kms-key-id": target.SSEKMSKeyId,
    "x-amz-server-side-encryption-bucket-key-enabled": target.BucketKeyEnabled?.toString(),
  };
  return Object.fromEntries(
    Object.entries(headers).filter((header): header is [string, string] => header[1] !== undefined),
  );
}
