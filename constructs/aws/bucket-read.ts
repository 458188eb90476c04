import type { PolicyStatement } from "./iam-policy";

/** A bucket and its key, wherever they were made. */
export interface ReadableBucket {
  readonly bucketArn: string;
  /** Decrypts its objects. */
  readonly keyArn: string;
}

/** To list and read objects and their versions. */
export function bucketReadStatements({ bucketArn, keyArn }: ReadableBucket): PolicyStatement[] {
  return [
    {
      Effect: "Allow",
      Action: [
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:GetBucketLocation",
        "s3:GetBucketVersioning",
        "s3:GetBucketObjectLockConfiguration",
      ],
      Resource: bucketArn,
    },
    {
      Effect: "Allow",
      Action: ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"],
      Resource: `${bucketArn}/*`,
    },
    { Effect: "Allow", Action: ["kms:Decrypt"], Resource: keyArn },
  ];
}
