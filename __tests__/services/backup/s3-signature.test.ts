import { S3Client } from "@aws-sdk/client-s3";
import {
  percentEncoded,
  S3Signature,
  type SignedRequest,
  sha256,
} from "../../../services/backup/src/stores/s3-signature";

const REGION = "eu-central-1";
const TEMPORARY = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "a secret", sessionToken: "a/token+of=it" };
const LASTING = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "a secret" };
const HOST = { host: "bucket.s3.eu-central-1.amazonaws.com" };
const NOTHING = sha256("");
const path = (key: string) => `/${key.split("/").map(percentEncoded).join("/")}`;

const REQUESTS: Readonly<Record<string, SignedRequest>> = {
  "an object": { method: "GET", path: "/blobs/aa/bb/aabb", query: {}, headers: HOST, contentHash: NOTHING },
  "a version of one": {
    ...{ method: "GET", path: "/dumps/1", query: { versionId: "3/L4+kq=A z" } },
    ...{ headers: { ...HOST, range: "bytes=0-9" }, contentHash: NOTHING },
  },
  "a key of all characters": {
    ...{ method: "GET", path: path("a b/(c)!*'~ä+&=%/d.e_f-g"), query: {} },
    ...{ headers: HOST, contentHash: NOTHING },
  },
  "a listing": {
    ...{ method: "GET", path: "/bucket", headers: HOST, contentHash: NOTHING },
    query: { "list-type": "2", prefix: "a (b)/", "continuation-token": "1/x+y==" },
  },
  "a copy": {
    ...{ method: "PUT", path: "/blobs/aa", query: {}, contentHash: NOTHING },
    headers: {
      ...HOST,
      ...{ "content-length": "0", "x-amz-copy-source": "moodle/aa?versionId=1", "x-amz-checksum-algorithm": "SHA1" },
      "x-amz-server-side-encryption-aws-kms-key-id": " arn:aws:kms:x  y ",
    },
  },
  "a file": {
    ...{ method: "PUT", path: "/blobs/aa", query: {}, contentHash: sha256("content") },
    headers: { ...HOST, "content-length": "7", "x-amz-checksum-sha1": "BA==" },
  },
};

describe("a signature", () => {
  const signature = new S3Signature(REGION);

  /** As the SDK signs the request. */
  const bySdk = async ({ query, headers, contentHash, ...rest }: SignedRequest, date: Date, credentials = LASTING) => {
    const signer = await new S3Client({ region: REGION, credentials }).config.signer();
    const request = { ...rest, ...{ protocol: "https:", hostname: HOST.host, query: { ...query } } };
    const all = { ...headers, "x-amz-content-sha256": contentHash };
    const signed = await signer.sign({ ...request, headers: all } as never, { signingDate: date });
    return (signed as { headers: Record<string, string> }).headers;
  };

  describe.each([
    ["of a key that lasts", LASTING],
    ["of a session", TEMPORARY],
  ])("%s", (_, credentials) => {
    test.each(Object.entries(REQUESTS))("of %s is the one that the SDK makes", async (_name, request) => {
      for (const date of [new Date("2026-01-31T23:59:59.999Z"), new Date("2026-02-01T00:00:00Z")]) {
        expect(signature.sign(request, credentials, date)).toEqual(await bySdk(request, date, credentials));
      }
    });
  });

  test("is another with another secret on the same day", () => {
    const [request] = Object.values(REQUESTS) as [SignedRequest];
    const date = new Date();
    const other = { ...LASTING, secretAccessKey: "another" };
    expect(signature.sign(request, other, date)).not.toEqual(signature.sign(request, LASTING, date));
    expect(signature.sign(request, other, date)).toEqual(new S3Signature(REGION).sign(request, other, date));
  });
});
