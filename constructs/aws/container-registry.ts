import { EcrLifecyclePolicy } from "@cdktf/provider-aws/lib/ecr-lifecycle-policy";
import { EcrRepository } from "@cdktf/provider-aws/lib/ecr-repository";
import { Construct } from "constructs";
import { isGuarded, type Protection } from "../core/protection";
import { KmsKey } from "./kms-key";

export interface ContainerRegistryProps {
  /** Namespace of the repositories, such as `moodle-production`: they are called `<name>/<image>`. */
  readonly name: string;
  readonly images: readonly string[];
  readonly account: string;
  readonly region: string;
  /** Days until an image without a tag expires. @default 14 */
  readonly untaggedDays?: number;
  /** @default "protected"; any other is destroyed with its images */
  readonly protection?: Protection;
}

/** Repositories on Amazon ECR: a tag is never moved to another image, and every image is scanned when it is pushed. */
export class ContainerRegistry extends Construct {
  /** ARNs by image. */
  readonly repositoryArns: Readonly<Record<string, string>>;
  /** Of the key that encrypts them. */
  readonly keyArn: string;

  constructor(scope: Construct, id: string, props: ContainerRegistryProps) {
    super(scope, id);
    const { name, images, account, region, untaggedDays = 14, protection } = props;
    const key = new KmsKey(this, "key", {
      name: `${name}-registry`,
      description: `Container images of ${name}`,
      account,
      region,
      protection,
    });
    const repositories = images.map((image) => {
      const repository = new EcrRepository(this, image, {
        name: `${name}/${image}`,
        imageTagMutability: "IMMUTABLE",
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfiguration: [{ encryptionType: "KMS", kmsKey: key.keyArn }],
        forceDelete: !isGuarded(protection),
        lifecycle: { preventDestroy: isGuarded(protection) },
      });
      new EcrLifecyclePolicy(this, `${image}-lifecycle`, {
        repository: repository.name,
        policy: JSON.stringify({
          rules: [
            {
              rulePriority: 1,
              description: `Expire images without a tag after ${untaggedDays} days`,
              selection: {
                tagStatus: "untagged",
                countType: "sinceImagePushed",
                countUnit: "days",
                countNumber: untaggedDays,
              },
              action: { type: "expire" },
            },
          ],
        }),
      });
      return [image, repository.arn] as const;
    });
    this.keyArn = key.keyArn;
    this.repositoryArns = Object.fromEntries(repositories);
  }
}
