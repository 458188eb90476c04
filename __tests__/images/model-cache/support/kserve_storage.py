"""What a Job of the cache needs of KServe's library, with folders below $BUCKETS in place of buckets: everything whose name
begins with the address, without that beginning, or the one object of that very name; empty objects are left out. As in
https://github.com/kserve/kserve/blob/v0.20.0/python/storage/kserve_storage/kserve_storage.py"""

import os
import shutil
from pathlib import Path


class Storage:
    @staticmethod
    def download(uri: str, out_dir: str) -> str:
        bucket, prefix = uri.removeprefix("s3://").split("/", 1)
        root = Path(os.environ["BUCKETS"]) / bucket
        objects = [path for path in root.rglob("*") if path.is_file() and path.stat().st_size > 0]
        keys = sorted(key for key in (str(path.relative_to(root)) for path in objects) if key.startswith(prefix))
        if not keys:
            raise RuntimeError(f"Failed to fetch model. No model found in {prefix}.")
        for key in [prefix] if prefix in keys else keys:
            target = Path(out_dir) / (key.removeprefix(prefix).lstrip("/") or Path(key).name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / key, target)
        return out_dir
