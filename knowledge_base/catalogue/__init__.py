"""The old service catalogue made one: unified services with municipal variants, and exchange as CPSV-AP."""
