import { type PolicyStatement, partition } from "./iam-policy";

export interface KarpenterPermissionsProps {
  readonly account: string;
  readonly region: string;
  readonly clusterName: string;
  readonly nodeRoleArn: string;
  readonly interruptionQueueArn: string;
}

/**
 * What Karpenter's controller may do: start and end instances that carry the cluster's own tags, and read what it
 * chooses among. As Karpenter documents it for 1.14, without the rights on instance profiles, because the nodes' profile
 * is made beside it, and with the one to make EC2's role for spot instances, which Karpenter expects in the account.
 * Sources: https://karpenter.sh/v1.14/reference/cloudformation/ and
 * https://karpenter.sh/v1.14/troubleshooting/#missing-service-linked-role
 */
export function karpenterPermissions(props: KarpenterPermissionsProps): PolicyStatement[] {
  const { account, region, clusterName } = props;
  const aws = partition(region);
  const ec2 = (...kinds: string[]) => kinds.map((kind) => `arn:${aws}:ec2:${region}:*:${kind}/*`);
  const clusterArn = `arn:${aws}:eks:${region}:${account}:cluster/${clusterName}`;
  const created = ec2("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request");
  const requestTags = {
    [`aws:RequestTag/kubernetes.io/cluster/${clusterName}`]: "owned",
    "aws:RequestTag/eks:eks-cluster-name": clusterName,
  };
  const ownedByCluster = { [`aws:ResourceTag/kubernetes.io/cluster/${clusterName}`]: "owned" };
  const ofSomePool = { "aws:ResourceTag/karpenter.sh/nodepool": "*" };
  const forSomePool = { "aws:RequestTag/karpenter.sh/nodepool": "*" };
  return [
    {
      Sid: "StartFrom",
      Effect: "Allow",
      Action: ["ec2:RunInstances", "ec2:CreateFleet"],
      Resource: [
        `arn:${aws}:ec2:${region}::image/*`,
        `arn:${aws}:ec2:${region}::snapshot/*`,
        ...ec2("security-group", "subnet", "capacity-reservation", "placement-group"),
      ],
    },
    {
      Sid: "StartFromOwnLaunchTemplates",
      Effect: "Allow",
      Action: ["ec2:RunInstances", "ec2:CreateFleet"],
      Resource: ec2("launch-template"),
      Condition: { StringEquals: ownedByCluster, StringLike: ofSomePool },
    },
    {
      Sid: "StartWithTags",
      Effect: "Allow",
      Action: ["ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate"],
      Resource: created,
      Condition: { StringEquals: requestTags, StringLike: forSomePool },
    },
    {
      Sid: "TagWhatItStarts",
      Effect: "Allow",
      Action: "ec2:CreateTags",
      Resource: created,
      Condition: {
        StringEquals: {
          ...requestTags,
          "ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"],
        },
        StringLike: forSomePool,
      },
    },
    {
      Sid: "TagOwnInstances",
      Effect: "Allow",
      Action: "ec2:CreateTags",
      Resource: ec2("instance"),
      Condition: {
        StringEquals: ownedByCluster,
        StringLike: ofSomePool,
        StringEqualsIfExists: { "aws:RequestTag/eks:eks-cluster-name": clusterName },
        "ForAllValues:StringEquals": { "aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"] },
      },
    },
    {
      Sid: "EndOwn",
      Effect: "Allow",
      Action: ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"],
      Resource: ec2("instance", "launch-template"),
      Condition: { StringEquals: ownedByCluster, StringLike: ofSomePool },
    },
    {
      Sid: "GiveNodesTheirRole",
      Effect: "Allow",
      Action: "iam:PassRole",
      Resource: props.nodeRoleArn,
      Condition: { StringEquals: { "iam:PassedToService": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"] } },
    },
    // EC2 makes this role for an account's first spot instance; without it a pool that prefers spot starts no node at all.
    {
      Sid: "MakeSpotRole",
      Effect: "Allow",
      Action: "iam:CreateServiceLinkedRole",
      Resource: `arn:${aws}:iam::${account}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot`,
      Condition: { StringEquals: { "iam:AWSServiceName": "spot.amazonaws.com" } },
    },
    {
      Sid: "ReadInterruptions",
      Effect: "Allow",
      Action: ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"],
      Resource: props.interruptionQueueArn,
    },
    { Sid: "ReadCluster", Effect: "Allow", Action: "eks:DescribeCluster", Resource: clusterArn },
    {
      Sid: "ReadZonalShift",
      Effect: "Allow",
      Action: "arc-zonal-shift:GetManagedResource",
      Resource: "*",
      Condition: { StringEquals: { "arc-zonal-shift:ResourceIdentifier": clusterArn } },
    },
    {
      Sid: "ReadRegion",
      Effect: "Allow",
      Action: [
        "ec2:DescribeCapacityReservations",
        "ec2:DescribeImages",
        "ec2:DescribeInstances",
        "ec2:DescribeInstanceStatus",
        "ec2:DescribeInstanceTypeOfferings",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribePlacementGroups",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSpotPriceHistory",
        "ec2:DescribeSubnets",
      ],
      Resource: "*",
      Condition: { StringEquals: { "aws:RequestedRegion": region } },
    },
    {
      Sid: "ReadImageVersions",
      Effect: "Allow",
      Action: "ssm:GetParameter",
      Resource: `arn:${aws}:ssm:${region}::parameter/aws/service/*`,
    },
    { Sid: "ReadPrices", Effect: "Allow", Action: "pricing:GetProducts", Resource: "*" },
    { Sid: "ListInstanceProfiles", Effect: "Allow", Action: "iam:ListInstanceProfiles", Resource: "*" },
    {
      Sid: "ReadInstanceProfiles",
      Effect: "Allow",
      Action: "iam:GetInstanceProfile",
      Resource: `arn:${aws}:iam::${account}:instance-profile/*`,
    },
  ];
}
