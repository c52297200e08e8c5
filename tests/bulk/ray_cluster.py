"""A Ray cluster of two nodes on this machine: python -m tests.bulk.ray_cluster.

It prints its address, then loses its second node for each line of stdin, and ends with it.
"""

from __future__ import annotations

import sys
import warnings

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        second = cluster.add_node(num_cpus=1)
        print(cluster.address, flush=True)  # noqa: T201
        for _ in sys.stdin:
            cluster.remove_node(second, allow_graceful=False)
            print("lost", flush=True)  # noqa: T201
    finally:
        cluster.shutdown()
