import { S3Client } from "@aws-sdk/client-s3";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import type { S3Configuration } from "./configuration";

const SOCKETS = 128;
/** Milliseconds. */
const CONNECT = 5_000;

/** Milliseconds without a byte after which a request is repeated. */
export interface S3Patience {
  readonly idle: number;
  /** A server may copy gigabytes before it says a word. */
  readonly idleCopy: number;
}

/** What the server's clock said with an answer. */
export type ServerDates = WeakMap<object, Date>;

/** A client that repeats a request after `idle` milliseconds without a byte, and notes the server's clock in `dates`. */
export function connectS3({ region, endpoint, roleArn }: S3Configuration, idle: number, dates: ServerDates): S3Client {
  const agent = { keepAlive: true, maxSockets: SOCKETS };
  const client = new S3Client({
    region,
    endpoint,
    forcePathStyle: endpoint !== undefined,
    maxAttempts: 5,
    // Contents are compared with their own hashes.
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { connectionTimeout: CONNECT, socketTimeout: idle, httpAgent: agent, httpsAgent: agent },
    ...(roleArn === undefined
      ? {}
      : {
          credentials: fromTemporaryCredentials({
            params: { RoleArn: roleArn, RoleSessionName: "moodle-backup" },
            clientConfig: { region },
          }),
        }),
  });
  // The client itself does not hand it on.
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { date } = (result.response as { headers?: Record<string, string> }).headers ?? {};
      if (date !== undefined && result.output !== undefined) dates.set(result.output, new Date(date));
      return result;
    },
    { step: "deserialize", name: "serverDate" },
  );
  return client;
}
