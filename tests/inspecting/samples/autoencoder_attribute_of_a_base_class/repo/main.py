from tools.denoise import Denoiser

if __name__ == "__main__":
    Denoiser(width=40).learn(rounds=3)
